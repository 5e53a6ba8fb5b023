import "reflect-metadata"
import { Container, injectable } from "inversify"
import { container } from "tsyringe"

class Engine {
  start() {
    return "started"
  }
}
injectable()(Engine)

export const answer = () => {
  const inversify = new Container()
  inversify.bind(Engine).toSelf()
  return [inversify.get(Engine).start(), container.resolve(Engine).constructor.name]
}
