import qrcode from "qrcode"

export const answer = () => qrcode.toString("hello", { type: "utf8" })
