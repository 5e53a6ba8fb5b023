import mjml2html from "mjml"

export const answer = async () => {
  const { errors, html } = await mjml2html(
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>"
  )
  return [errors, html.includes("Hello"), html.length]
}
