// A certified OpenID Connect provider (oidc-provider), for `python -m tests.clients.company_sign_in`.
//
// Its issuer has a path. It asks each client for PKCE, and issues JWT access tokens for the API (RFC 8707). The roles of
// an account are the words of its name: "SUPPORT.PRIVACY.ada". POST /control changes what tests ask for.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import process from 'node:process';

import Provider from 'oidc-provider';

const { PROVIDER_PORT, DESKS } = process.env;
const PATH = '/company';
const issuer = `http://localhost:${PROVIDER_PORT}${PATH}`;
const asked = { accessTokenSeconds: 3600 };

const rolesOf = (account) => account.split('.').filter((word) => word === word.toUpperCase());

const key = () => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  alg: 'RS256',
  use: 'sig',
  kid: randomUUID(),
});

const keys = [key(), key()];

// DESKS is a list of [client_id, client_secret, token_endpoint_auth_method, url of the desk].
const clients = JSON.parse(DESKS).map(([id, secret, method, url]) => ({
  client_id: id,
  client_secret: secret,
  token_endpoint_auth_method: method,
  redirect_uris: [`${url}/sign-in/callback`],
  post_logout_redirect_uris: [`${url}/sign-in`],
}));

const create = () =>
  new Provider(issuer, {
    clients,
    jwks: { keys: [keys.shift()] },
    cookies: { keys: ['one key of the tests'] },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'roles'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, roles: rolesOf(id) }) }),
    extraTokenClaims: (_, token) => ({ roles: rolesOf(token.accountId) }),
    ttl: { AccessToken: () => asked.accessTokenSeconds },
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({
          scope: '',
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: asked.accessTokenSeconds,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });

let serve = create().callback();

createServer(async (request, response) => {
  if (request.url === '/control') {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { rotate, ...others } = JSON.parse(body);
    Object.assign(asked, others);
    if (rotate) serve = create().callback(); // sessions stay, the signing key does not
    response.end('ok');
    return;
  }
  request.originalUrl = request.url;
  if (!request.url.startsWith(PATH)) {
    response.writeHead(404).end();
    return;
  }
  request.url = request.url.slice(PATH.length) || '/';
  serve(request, response);
}).listen(Number(PROVIDER_PORT), 'localhost', () => process.stdout.write('ready\n'));
