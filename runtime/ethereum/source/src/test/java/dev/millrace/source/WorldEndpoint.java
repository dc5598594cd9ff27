package dev.millrace.source;

import dev.millrace.jsonrpc.ByteExchange;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** An endpoint over simulated chains: answers JSON with JSON, with the troubles of its traits. */
final class WorldEndpoint implements ByteExchange {
  private static final Pattern CALL =
      Pattern.compile(
          "\\{\"jsonrpc\":\"2.0\",\"id\":(\\d+),\"method\":\"(\\w+)\",\"params\":(.*?)\\}(?=,\\{\"jsonrpc\"|\\]?$)");

  private final String name;
  private final WorldViews views;
  private final WorldNode node;
  private final EndpointTraits traits;
  private final VirtualRuntime runtime;
  private final SourceHistory history;
  private final Random random;
  private final Map<String, String> earlierByMethod = new HashMap<>();
  private long mendedAt = Long.MAX_VALUE;
  private String earlier = "";
  private boolean isWell;

  WorldEndpoint(
      String name,
      WorldViews views,
      EndpointTraits traits,
      VirtualRuntime runtime,
      SourceHistory history,
      Random random,
      boolean withholdsHistory,
      long phantoms) {
    this.name = name;
    this.views = views;
    this.traits = traits;
    this.runtime = runtime;
    this.history = history;
    this.random = random;
    this.node = new WorldNode(traits, random, withholdsHistory, phantoms);
  }

  /** Sets the time from which it is honest and has the whole chain. */
  void mendAt(long millis) {
    mendedAt = millis;
  }

  @Override
  public InputStream reply(byte[] request) throws IOException, InterruptedException {
    runtime.pause(Duration.ofMillis(5 + random.nextInt(30)).toNanos());
    isWell = runtime.passed() >= mendedAt;
    if (views.isTorn(runtime.passed(), isWell)) {
      throw new IOException("connection reset: the address leads elsewhere");
    }
    String asked = new String(request, StandardCharsets.UTF_8);
    WorldTrouble trouble = isWell ? null : trouble();
    history.asked(name, asked, trouble);
    if (trouble != null) {
      history.check(asked);
    }
    String said = asked.startsWith("[") ? batch(asked, trouble) : single(asked, trouble);
    String reply = onTheWay(said, trouble);
    earlier = trouble == null ? said : earlier;
    return new ByteArrayInputStream(reply.getBytes(StandardCharsets.UTF_8));
  }

  private @Nullable WorldTrouble trouble() {
    EndpointTraits.Episode episode = traits.episode();
    if (runtime.passed() >= episode.from() && runtime.passed() < episode.to()) {
      return episode.trouble();
    }
    if (traits.troubles().isEmpty() || random.nextDouble() >= traits.rate()) {
      return null;
    }
    List<WorldTrouble> all = List.copyOf(traits.troubles());
    return all.get(random.nextInt(all.size()));
  }

  private String onTheWay(String said, @Nullable WorldTrouble trouble) throws IOException {
    if (trouble == null) {
      return said;
    }
    return switch (trouble) {
      case OTHER_REPLY -> earlier.isEmpty() ? said : earlier;
      case OUTAGE -> {
        if (random.nextBoolean()) {
          throw WorldOutage.page(random);
        }
        yield said;
      }
      case OTHER_ID ->
          random.nextBoolean()
              ? said.replaceAll("\"id\":\\d+", "\"id\":null")
              : said.replaceAll("\"id\":(\\d+)", "\"id\":9$1");
      case TRUNCATED -> said.substring(0, random.nextInt(said.length()));
      case SILENT -> {
        runtime.pass(Duration.ofSeconds(30));
        throw new SocketTimeoutException("silent");
      }
      case TORN -> throw new IOException("reset by peer");
      case NOT_JSON -> "<html><body>Bad gateway</body></html>";
      default -> said;
    };
  }

  private String batch(String asked, @Nullable WorldTrouble trouble) {
    if (!traits.hasBatches() && !isWell) {
      return "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"batch requests"
          + " are not supported\"}}";
    }
    List<String> replies = new ArrayList<>();
    WorldView view = view();
    Matcher call = CALL.matcher(asked);
    List<String> methods = new ArrayList<>();
    while (call.find()) {
      replies.add(reply(call.group(1), call.group(2), call.group(3), view, trouble));
      methods.add(call.group(2));
    }
    if (trouble == WorldTrouble.OTHER_CALL) {
      int which = random.nextInt(replies.size());
      replies.set(which, earlier(methods.get(which), replies.get(which)));
    }
    if (trouble == WorldTrouble.PART_OF_BATCH && replies.size() > 1) {
      replies.remove(random.nextInt(replies.size()));
    }
    if (trouble == WorldTrouble.UNORDERED_BATCH) {
      Collections.shuffle(replies, random);
    }
    return "[" + String.join(",", replies) + "]";
  }

  private String single(String asked, @Nullable WorldTrouble trouble) {
    int id = asked.indexOf("\"id\":") + 5;
    int method = asked.indexOf("\"method\":\"") + 10;
    int params = asked.indexOf("\"params\":") + 9;
    String named = asked.substring(method, asked.indexOf('"', method));
    String said =
        reply(
            asked.substring(id, asked.indexOf(',', id)),
            named,
            asked.substring(params, asked.length() - 1),
            view(),
            trouble);
    return trouble == WorldTrouble.OTHER_CALL ? earlier(named, said) : said;
  }

  private WorldView view() {
    return views.view(runtime.passed(), isWell, random);
  }

  /**
   * Returns the last reply to another call of a method, with its id; the right one if there is
   * none.
   */
  private String earlier(String method, String otherwise) {
    return earlierByMethod.getOrDefault(method, otherwise);
  }

  private String reply(
      String id, String method, String params, WorldView view, @Nullable WorldTrouble trouble) {
    String body;
    try {
      refuse(trouble, method);
      String result = node.result(method, params, view, trouble);
      body = trouble == WorldTrouble.NULL_RESULT ? "\"result\":null" : "\"result\":" + result;
    } catch (WorldNode.Refused refused) {
      body = refused.json;
    }
    if (trouble == WorldTrouble.NULL_AND_ERROR) {
      body = "\"result\":null,\"error\":{\"code\":-32000,\"message\":\"internal failure\"}";
    }
    String said = "{\"jsonrpc\":\"2.0\",\"id\":" + id + "," + body + "}";
    if (trouble == null) {
      earlierByMethod.put(method, said);
    }
    return said;
  }

  private void refuse(@Nullable WorldTrouble trouble, String method) throws WorldNode.Refused {
    if (trouble == null) {
      return;
    }
    switch (trouble) {
      case HEADER_NOT_FOUND -> throw new WorldNode.Refused(-32000, "header not found");
      case NO_METHOD -> throw WorldNode.noMethod(method);
      case RATE -> throw new WorldNode.Refused(-32005, "too many requests");
      case UNKNOWN_WORDS ->
          throw new WorldNode.Refused(
              -32000, "the moon is in the wrong house " + random.nextInt(99));
      case OUTAGE -> throw WorldOutage.error(random);
      case BROKEN_INSIDE -> throw new WorldNode.Refused(-32603, "Internal error");
      default -> {}
    }
  }
}
