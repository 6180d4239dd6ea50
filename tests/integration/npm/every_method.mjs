// Calls every method of the Track API that customerio-node has, on the server whose URL is the argument.
// Prints one line of JSON: the methods of the client's class that were not called.
import { TrackClient } from "customerio-node";

const client = new TrackClient("site", "key", { url: `${process.argv[2]}/api/v1` });
const called = new Set();
async function call(method, ...values) {
  called.add(method);
  return client[method](...values);
}

await call("getAccountRegion");
await call("identify", "a/b c", { email: "a@example.com", plan: "pro" });
await call("identify", "u2", { city: "Graz" });
await call("identify", "gone", {});
await call("destroy", "gone");
await call("track", "a/b c", { name: "Bought", data: { price: 5 } });
await call("trackAnonymous", "a1", { name: "Looked" });
await call("identify", "a/b c", { anonymous_id: "a1" });
await call("trackPageView", "a/b c", "/pricing");
await call("addDevice", "a/b c", "t/1", "ios", { last_used: 1700000000, app_version: "2" });
await call("addDevice", "a/b c", "t2", "android");
await call("deleteDevice", "a/b c", "t2");
await call("trackPush", { delivery_id: "d1", event: "opened", device_id: "t/1", timestamp: 1700000001 });
await call("reportMetric", { delivery_id: "d2", metric: "clicked", recipient: "a@example.com", href: "https://example.com" });
await call("unsubscribe", "d2", true);
await call("mergeCustomers", "id", "a/b c", "id", "u2");
await call("batch", [{ type: "person", action: "identify", identifiers: { id: "u3" }, attributes: { plan: "free" } }]);
await call("entity", { type: "object", action: "identify", identifiers: { object_type_id: "1", object_id: "acme" } });
await call("addCustomersToSegment", 7, ["a/b c", "u3", "nobody"]);
await call("removeCustomersFromSegment", 7, ["u3"]);
await call("submitForm", "newsletter", { email: "form@example.com", first_name: "Ann" });
await call("suppress", "u4");
await call("unsuppress", "u4");

const methods = Object.getOwnPropertyNames(TrackClient.prototype).filter(name => name !== "constructor");
console.log(JSON.stringify(methods.filter(name => !called.has(name))));
