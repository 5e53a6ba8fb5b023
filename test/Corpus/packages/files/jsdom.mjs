import { JSDOM } from "jsdom"

export const answer = () => {
  const { window } = new JSDOM('<style>p { color: red }</style><p class="a">Hello</p>')
  return [window.document.querySelector(".a").textContent, window.getComputedStyle(window.document.body).display]
}
