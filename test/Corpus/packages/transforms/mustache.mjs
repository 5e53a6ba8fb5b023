import Mustache from "mustache"

export const answer = () => Mustache.render("{{#a}}{{b}}{{/a}}", { a: [{ b: 1 }, { b: 2 }] })
