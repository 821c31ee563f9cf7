// An OpenID provider that isn't ours: npm's oidc-provider, with people that are told to it, asking nobody for a password.
//
// node independent_provider.mjs <folder with node_modules>   reads one JSON line of settings, prints one JSON line when it is
// ready, and ends with its standard input.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const { Provider, errors } = await import(pathToFileURL(`${process.argv[2]}/node_modules/oidc-provider/lib/index.js`))

const lines = createInterface({ input: process.stdin })
const settings = JSON.parse(await new Promise((resolve) => lines.once('line', resolve)))
lines.on('close', () => process.exit(0))

const people = new Map(settings.people.map((person) => [person.sub, person]))
const server = createServer().listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const issuer = `http://localhost:${server.address().port}`

const key = (kind, options, more) => ({ ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), use: 'sig', ...more })
const found = (sub) => people.has(sub) && { accountId: sub, claims: () => people.get(sub) }

const provider = new Provider(issuer, {
  clients: settings.clients,
  jwks: { keys: [key('rsa', { modulusLength: 2048 }, { kid: 'rsa-1', alg: 'RS256' }), key('ec', { namedCurve: 'P-256' }, { kid: 'ec-1', alg: 'ES256' })] },
  cookies: { keys: ['of a test that lasts a minute'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'], groups: ['groups'] },
  scopes: ['openid', 'email', 'profile', 'groups'],
  findAccount: (ctx, sub) => found(sub),
  pkce: { required: () => true },
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
  // It calls no loopback of its own accord; in a test the service stands there.
  fetch: (address, { dispatcher, ...options }) => fetch(address, options),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    userinfo: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.body = page('Sign out?', `${form}<button type="submit" form="op.logoutForm" value="yes" name="logout">Sign out</button>`)
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = page('Signed out', '')
      },
    },
  },
  ttl: { Session: 3600, Grant: 3600, Interaction: 600, IdToken: 300, AccessToken: 300, AuthorizationCode: 60 },
})

const escaped = (text) => String(text).replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`)
const page = (title, body) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1><p>An independent provider.</p>${body}</html>`

// What the provider would ask is answered here: who it is (a click, or the login_hint), and always yes to the rest.
async function interact(request, response, as) {
  const { params, prompt, session } = await provider.interactionDetails(request, response)
  const known = [...people.values()]
  const hinted = known.find((person) => person.email === params.login_hint)
  const sub = as ?? (prompt.name === 'login' ? hinted?.sub : session?.accountId)
  if (as === 'nobody') {
    return provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'Nobody wanted to.' })
  }
  if (!people.has(sub)) {
    const links = known.map((person) => `<li><a href="?as=${encodeURIComponent(person.sub)}">${escaped(person.email)}</a></li>`).join('')
    response.setHeader('Content-Type', 'text/html; charset=utf-8')
    return response.end(page('Who are you?', `<ul>${links}<li><a href="?as=nobody">Nobody</a></li></ul>`))
  }
  const grant = new provider.Grant({ accountId: sub, clientId: params.client_id })
  grant.addOIDCScope(params.scope)
  return provider.interactionFinished(request, response, { login: { accountId: sub }, consent: { grantId: await grant.save() } })
}

const answer = provider.callback()
server.on('request', async (request, response) => {
  const url = new URL(request.url, issuer)
  if (!url.pathname.startsWith('/interaction/')) return answer(request, response)
  try {
    await interact(request, response, url.searchParams.get('as') ?? undefined)
  } catch (error) {
    response.statusCode = error instanceof errors.SessionNotFound ? 400 : 500
    response.end(String(error))
  }
})
for (const event of ['server_error', 'backchannel.error', 'authorization.error', 'grant.error']) {
  provider.on(event, (ctx, error) => console.error(event, error.error_description ?? error.message, error.cause ?? ''))
}
console.log(JSON.stringify({ issuer }))
