import { PDFDocument } from "pdf-lib"

export const answer = async () => {
  const document = await PDFDocument.create()
  document.addPage([100, 200])
  return (await PDFDocument.load(await document.save())).getPage(0).getSize()
}
