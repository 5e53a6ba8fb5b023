import Handlebars from "handlebars"

export const answer = () => Handlebars.compile("{{#each names}}<b>{{this}}</b>{{/each}}")({ names: ["a", "<"] })
