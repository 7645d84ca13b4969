// A server whose answers a test writes: it stands for a service that fails.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Body {
  readonly operationName: string;
  readonly variables: Record<string, unknown>;
}

export class Scripted {
  readonly answers: { status: number; body: string }[] = [];
  readonly bodies: Body[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  url = '';

  static async start(context: TestContext): Promise<Scripted> {
    const scripted = new Scripted();
    const server = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      scripted.bodies.push(JSON.parse(text) as Body);
      scripted.headers.push(request.headers);
      const { status, body } = scripted.answers.shift() ?? { status: 500, body: 'no answer was written' };
      response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    scripted.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
    context.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return scripted;
  }

  data(data: object): void {
    this.answers.push({ status: 200, body: JSON.stringify({ data }) });
  }

  error(code: string, status = 200, extensions: object = {}): void {
    const errors = [{ message: 'No.', extensions: { code, ...extensions } }];
    this.answers.push({ status, body: JSON.stringify({ errors, data: null }) });
  }
}
