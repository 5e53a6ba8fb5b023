import "reflect-metadata"
import { plainToInstance, Type } from "class-transformer"
import { IsEmail, validate } from "class-validator"

class User {}
IsEmail()(User.prototype, "email")
Type(() => Number)(User.prototype, "age")

export const answer = async () => {
  const user = plainToInstance(User, { email: "no", age: "3" })
  return [user.constructor.name, user.age, (await validate(user)).map(({ constraints }) => constraints)]
}
