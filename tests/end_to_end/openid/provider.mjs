// An OpenID provider for a test: a client for each role logs in with its secret and gets a JWT with that role.
import { Provider } from 'oidc-provider';

const [, , port, audience, ...roles] = process.argv;
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: roles.map((role) => ({
    client_id: role,
    client_secret: `secret-of-${role}`,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  })),
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: () => ({ scope: '', audience, accessTokenFormat: 'jwt', accessTokenTTL: 600 }),
    },
  },
  extraTokenClaims: (_, token) => ({ roles: [token.clientId], purpose: '監査' }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('serving'));
