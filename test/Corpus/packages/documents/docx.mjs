import AdmZip from "adm-zip"
import { Document, Packer, Paragraph } from "docx"

export const answer = async () => {
  const bytes = await Packer.toBuffer(new Document({ sections: [{ children: [new Paragraph("Hello")] }] }))
  return new AdmZip(bytes).readAsText("word/document.xml").includes("Hello")
}
