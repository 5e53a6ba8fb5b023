import PDFDocument from "pdfkit"

export const answer = async () => {
  const document = new PDFDocument({ compress: false, info: { CreationDate: new Date(0) } })
  const chunks = []
  document.on("data", (chunk) => chunks.push(chunk))
  const ended = new Promise((resolve) => document.on("end", resolve))
  document.font("Times-Roman").text("Hello")
  document.end()
  await ended
  const text = Buffer.concat(chunks).toString("latin1")
  return [text.slice(0, 8), text.includes("/Times-Roman"), document.widthOfString("Hello")]
}
