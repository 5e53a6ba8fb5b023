import ExcelJS from "exceljs"

export const answer = async () => {
  const book = new ExcelJS.Workbook()
  book.addWorksheet("a").addRow([1, "two"])
  const read = new ExcelJS.Workbook()
  await read.xlsx.load(await book.xlsx.writeBuffer())
  return read.getWorksheet("a").getRow(1).values
}
