// Nodes for all pages. Data becomes text nodes only.

const fill = (node, properties, children) => {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
    else node.setAttribute(name, value)
  }
  node.append(...children)
  return node
}

export const element = (tag, properties = {}, ...children) => fill(document.createElement(tag), properties, children)

export const svg = (tag, properties, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children)

export const pretty = (value) => JSON.stringify(value, null, 2)
