import bcrypt from "bcrypt"

export const answer = () => bcrypt.hash("secret", "$2b$04$abcdefghijklmnopqrstuu")
