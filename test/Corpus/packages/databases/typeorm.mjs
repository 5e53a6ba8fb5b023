import "reflect-metadata"
import { DataSource, EntitySchema } from "typeorm"

const User = new EntitySchema({
  name: "User",
  columns: { id: { type: "integer", primary: true, generated: true }, name: { type: "text" } }
})

export const answer = async () => {
  const source = await new DataSource({
    type: "better-sqlite3",
    database: ":memory:",
    entities: [User],
    synchronize: true
  }).initialize()
  await source.getRepository(User).save({ name: "Ada" })
  const found = await source.getRepository(User).find()
  await source.destroy()
  return found
}
