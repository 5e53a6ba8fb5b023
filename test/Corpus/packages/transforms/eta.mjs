import { Eta } from "eta"

export const answer = () => new Eta().renderString("Hi <%= it.name %>", { name: "Ada" })
