// The script of the API reference: Swagger UI over the OpenAPI document of the service.

import swaggerStyle from "swagger-ui-dist/swagger-ui.css"
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js"
import { element } from "../shared/elements.js"
import { prepared } from "./prepared.js"
import ownStyle from "./swagger.css"

const app = document.getElementById("app")
const { invoke, openapi, root } = document.body.dataset

/** Sheets that a script makes need no permission for inline styles. */
const adopt = (text) => {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(text)
  document.adoptedStyleSheets.push(sheet)
}

const isDark = matchMedia("(prefers-color-scheme: dark)")
const follow = () => document.documentElement.classList.toggle("dark-mode", isDark.matches)

/** The key that the deployment's page keeps in this tab. */
const keptKey = () => {
  try {
    return sessionStorage.getItem(`key of ${root}`) ?? ""
  } catch {
    return ""
  }
}

/** Descriptions are text, not Markdown: no part of the document becomes HTML. */
const textOnly = ({ React }) => ({
  components: {
    Markdown: ({ className = "", source }) =>
      source ? React.createElement("div", { className: `markdown ${className}` }, String(source)) : null
  }
})

const show = (spec, key) => {
  const ui = SwaggerUI({
    domNode: app,
    spec: prepared(spec, invoke),
    plugins: [textOnly],
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    onComplete: () => {
      if (key !== "" && spec.components.securitySchemes?.bearer) ui.preauthorizeApiKey("bearer", key)
    }
  })
}

const askForKey = (said) => {
  const field = element("input", { id: "key", type: "password", autocomplete: "off", required: "" })
  const submitted = (event) => {
    event.preventDefault()
    load(field.value)
  }
  const form = element(
    "form",
    { onsubmit: submitted },
    element("label", { for: "key" }, "Key of this deployment "),
    field,
    element("button", { type: "submit" }, "Use key"),
    element("p", { role: "alert" }, said)
  )
  app.replaceChildren(form)
}

const load = async (key) => {
  try {
    const response = await fetch(openapi, { headers: key === "" ? {} : { authorization: `Bearer ${key}` } })
    if (response.status === 401) {
      return askForKey(key === "" ? "The OpenAPI document needs the key." : "The key is not accepted.")
    }
    if (!response.ok) throw new Error(`the service answered ${response.status}`)
    show(await response.json(), key)
  } catch (error) {
    app.replaceChildren(
      element("p", { role: "alert" }, `The OpenAPI document at ${openapi} cannot be read: ${error.message}.`)
    )
  }
}

adopt(swaggerStyle)
adopt(ownStyle)
isDark.addEventListener("change", follow)
follow()
load(keptKey())
