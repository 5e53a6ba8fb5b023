import chalk from "chalk"
import { Command } from "commander"
import yargs from "yargs"

export const answer = () => [
  yargs(["--n", "1"]).locale("de").parse().n,
  new Command().option("-a <x>").parse(["-a", "2"], { from: "user" }).opts(),
  chalk.bold("x").includes("x")
]
