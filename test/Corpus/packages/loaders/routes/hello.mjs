export default async (app) => {
  app.get("/hello", async () => ({ hello: "world" }))
}
