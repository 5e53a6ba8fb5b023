import XLSX from "xlsx"

export const answer = () => {
  const book = XLSX.utils.book_new()
  XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet([[1, "two"]]), "a")
  return XLSX.utils.sheet_to_json(XLSX.read(XLSX.write(book, { type: "buffer" })).Sheets.a, { header: 1 })
}
