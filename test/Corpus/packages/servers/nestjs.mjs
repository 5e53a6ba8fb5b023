import "reflect-metadata"
import { Controller, Get, Injectable, Module } from "@nestjs/common"
import { NestFactory } from "@nestjs/core"

class Greeter {
  greet() {
    return "hello"
  }
}
Injectable()(Greeter)

class Pages {
  constructor(greeter) {
    this.greeter = greeter
  }
  page() {
    return { greeting: this.greeter.greet() }
  }
}
Controller("pages")(Pages)
Reflect.defineMetadata("design:paramtypes", [Greeter], Pages)
Get()(Pages.prototype, "page", Object.getOwnPropertyDescriptor(Pages.prototype, "page"))

class App {}
Module({ providers: [Greeter], controllers: [Pages] })(App)

export const answer = async () => {
  const app = await NestFactory.create(App, { logger: false })
  await app.listen(0, "127.0.0.1")
  const reply = await (await fetch(`${await app.getUrl()}/pages`)).json()
  await app.close()
  return reply
}
