/** A target for those who scrape, with nothing between them and the store. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { contentTypeOf, type ExpositionFormat, negotiateFormat, type Store } from 'percpu-metrics';

/** Serves the store in a format, or in the one that is asked for, and tells the content types that it sent. */
export async function serve(t: TestContext, store: Store, format?: ExpositionFormat) {
  const sent = new Set<string>();
  const answer = async (request: IncomingMessage) => {
    const chosen = format ?? negotiateFormat(request.headers.accept);
    const type = format === undefined ? negotiateFormat(request.headers.accept).contentType : contentTypeOf(format);
    sent.add(type);
    return { type, body: await store.render({ syntax: chosen.syntax, escaping: chosen.escaping }) };
  };
  const server = createServer((request, response) => {
    void answer(request).then(({ type, body }) => response.setHeader('content-type', type).end(body));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sent };
}
