package dev.millrace.source;

import dev.millrace.jsonrpc.RpcCallException;
import java.io.IOException;
import java.util.List;
import java.util.Random;

/** Refusals in the words of real providers, while they are overloaded, restart or are repaired. */
final class WorldOutage {
  private record Words(long code, String message) {}

  private static final List<Words> ERRORS =
      List.of(
          new Words(-32000, "header not found"),
          new Words(-32000, "unknown block"),
          new Words(-32000, "block not found"),
          new Words(-32000, "missing trie node 9c3f (path ) state is not available"),
          new Words(-32000, "request timed out"),
          new Words(-32000, "upstream connect error or disconnect/reset before headers"),
          new Words(-32000, "no healthy backend"),
          new Words(-32001, "resource not found"),
          new Words(-32002, "resource unavailable: node is syncing"),
          new Words(-32005, "daily request count exceeded, request rate limited"),
          new Words(-32007, "50/second request limit reached - reduce calls per second"),
          new Words(-32016, "rate limit exceeded, retry in 10s"),
          new Words(-32046, "Cannot fulfill request"),
          new Words(-32090, "Too many requests, reason: call rate limit exhausted"),
          new Words(-32603, "service temporarily unavailable"),
          new Words(-32603, "context deadline exceeded"),
          new Words(
              429,
              "Your app has exceeded its compute units per second capacity. If you have retries"
                  + " enabled, you can safely ignore this message."));

  private static final List<String> PAGES =
      List.of(
          "503 Service Temporarily Unavailable",
          "502 Bad Gateway",
          "<html><head><title>Scheduled maintenance</title></head><body>We will be back</body></html>",
          "error code: 1015");

  private WorldOutage() {}

  /** Returns an error object instead of a result. */
  static WorldNode.Refused error(Random random) {
    Words drawn = ERRORS.get(random.nextInt(ERRORS.size()));
    return new WorldNode.Refused(drawn.code(), drawn.message());
  }

  /** Returns the page of a proxy, with a status that is not 200. */
  static IOException page(Random random) {
    return RpcCallException.of(
        RpcCallException.Kind.STATUS, PAGES.get(random.nextInt(PAGES.size())));
  }
}
