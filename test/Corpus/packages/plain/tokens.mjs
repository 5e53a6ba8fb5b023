import { jwtVerify, SignJWT } from "jose"
import jwt from "jsonwebtoken"

const secret = new TextEncoder().encode("a secret of thirty-two characters")

export const answer = async () => {
  const token = await new SignJWT({ a: 1 }).setProtectedHeader({ alg: "HS256" }).sign(secret)
  return [
    (await jwtVerify(token, secret)).payload,
    jwt.verify(token, Buffer.from(secret)),
    jwt.sign({ b: 2 }, "s", { algorithm: "HS512", noTimestamp: true })
  ]
}
