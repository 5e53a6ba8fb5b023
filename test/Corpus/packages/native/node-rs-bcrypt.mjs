import { compare, hash } from "@node-rs/bcrypt"

export const answer = async () => compare("secret", await hash("secret", { cost: 4 }))
