import nodemailer from "nodemailer"

export const answer = async () => {
  const transport = nodemailer.createTransport({ jsonTransport: true })
  const { message } = await transport.sendMail({
    from: "a@b.c",
    to: "d@e.f",
    subject: "s",
    messageId: "<1@b.c>",
    text: "hi"
  })
  return JSON.parse(message).to
}
