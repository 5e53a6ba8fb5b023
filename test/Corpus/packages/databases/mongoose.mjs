import mongoose from "mongoose"

const User = mongoose.model("User", new mongoose.Schema({ name: { type: String, required: true }, age: Number }))

export const answer = () => {
  const error = new User({ age: "x" }).validateSync()
  return [Object.keys(error.errors).sort(), error.errors.age.name, User.collection.name]
}
