import { PDFDocument, StandardFonts } from "pdf-lib"
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs"

export const answer = async () => {
  const made = await PDFDocument.create()
  const font = await made.embedFont(StandardFonts.Helvetica)
  made.addPage().drawText("Hello from a page", { font })
  const { promise } = getDocument({ data: await made.save(), verbosity: 0 })
  const page = await (await promise).getPage(1)
  return (await page.getTextContent()).items.map(({ str }) => str)
}
