/** A call of the weather example. */
export const call = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ parameters: { city: "Oslo" } })
}
