const form = document.querySelector("form")
const status = document.querySelector("[role=status]")

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  const parameters = { product: form.product.value, count: form.count.valueAsNumber }
  const response = await fetch("/invoke", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ parameters })
  })
  const answer = await response.json()
  status.textContent = response.ok ? `Total: ${answer.outputs.total}` : answer.message
})
