import { ApolloServer } from "@apollo/server"

export const answer = async () => {
  const server = new ApolloServer({
    typeDefs: "type Query { hello(name: String!): String }",
    resolvers: { Query: { hello: (_, { name }) => `Hello, ${name}` } }
  })
  const { body } = await server.executeOperation({ query: '{ hello(name: "Ada") }' })
  await server.stop()
  return body.singleResult.data
}
