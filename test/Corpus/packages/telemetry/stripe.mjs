import Stripe from "stripe"

const stripe = new Stripe("sk_test_none")

export const answer = () => {
  const payload = '{"id":"evt_1","object":"event"}'
  const header = stripe.webhooks.generateTestHeaderString({ payload, secret: "whsec" })
  return stripe.webhooks.constructEvent(payload, header, "whsec").id
}
