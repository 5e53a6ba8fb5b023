import { hash, verify } from "@node-rs/argon2"

export const answer = async () => verify(await hash("secret", { memoryCost: 1024, timeCost: 2 }), "secret")
