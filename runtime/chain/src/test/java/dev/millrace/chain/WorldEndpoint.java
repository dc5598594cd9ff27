package dev.millrace.chain;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.wire.Exchange;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** An endpoint over a simulated chain: answers JSON with JSON, as well as its traits let it. */
final class WorldEndpoint implements Exchange {
  private static final Pattern CALL =
      Pattern.compile(
          "\\{\"jsonrpc\":\"2.0\",\"id\":(\\d+),\"method\":\"(\\w+)\",\"params\":(.*?)\\}(?=,\\{\"jsonrpc\"|\\]?$)");
  private static final Pattern HASH = Pattern.compile("0x[0-9a-f]{64}");
  private static final Pattern RANGE =
      Pattern.compile("\"fromBlock\":\"0x([0-9a-f]+)\",\"toBlock\":\"0x([0-9a-f]+)\"");
  private static final Pattern ADDRESS = Pattern.compile("\"(0x[0-9a-f]{40})\"");
  private static final Pattern TOPICS = Pattern.compile("\"topics\":\\[\\[(.*?)\\]\\]");
  private static final Pattern NUMBER = Pattern.compile("\\[\"0x([0-9a-f]{1,16})\"");

  private final String name;
  private final WorldChain chain;
  private final EndpointTraits traits;
  private final VirtualRuntime runtime;
  private final SourceStory story;
  private final Random random;
  private final boolean withholdsHistory;
  private long mendedAt = Long.MAX_VALUE;
  private String earlier = "";
  private boolean isWell;

  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
    private final String json;

    Refused(long code, String message) {
      super(message, null, false, false);
      json = "\"error\":{\"code\":%d,\"message\":\"%s\"}".formatted(code, message);
    }
  }

  private record View(WorldBlock head, long finalBlock) {
    @Nullable WorldBlock at(long number) {
      return number > head.number ? null : head.at(number);
    }
  }

  WorldEndpoint(
      String name,
      WorldChain chain,
      EndpointTraits traits,
      VirtualRuntime runtime,
      SourceStory story,
      long seed,
      boolean withholdsHistory) {
    this.name = name;
    this.chain = chain;
    this.traits = traits;
    this.runtime = runtime;
    this.story = story;
    this.random = new Random(seed);
    this.withholdsHistory = withholdsHistory;
  }

  /** From then on it is honest and has the whole chain. */
  void mendAt(long millis) {
    mendedAt = millis;
  }

  @Override
  public InputStream reply(byte[] request) throws IOException, InterruptedException {
    runtime.pause(Duration.ofMillis(5 + random.nextInt(30)).toNanos());
    isWell = runtime.passed() >= mendedAt;
    String asked = new String(request, StandardCharsets.UTF_8);
    WorldTrouble trouble = isWell ? null : trouble();
    story.asked(name, asked, trouble);
    if (trouble != null) {
      story.check(asked);
    }
    String said = asked.startsWith("[") ? batch(asked, trouble) : single(asked, trouble);
    String told = onTheWay(said, trouble);
    earlier = trouble == null ? said : earlier;
    return new ByteArrayInputStream(told.getBytes(StandardCharsets.UTF_8));
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
    View view = view();
    Matcher call = CALL.matcher(asked);
    while (call.find()) {
      replies.add(reply(call.group(1), call.group(2), call.group(3), view, trouble));
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
    return reply(
        asked.substring(id, asked.indexOf(',', id)),
        asked.substring(method, asked.indexOf('"', method)),
        asked.substring(params, asked.length() - 1),
        view(),
        trouble);
  }

  private String reply(
      String id, String method, String params, View view, @Nullable WorldTrouble trouble) {
    String body;
    try {
      refuse(trouble, method);
      String result = result(method, params, view, trouble);
      body = trouble == WorldTrouble.NULL_RESULT ? "\"result\":null" : "\"result\":" + result;
    } catch (Refused refused) {
      body = refused.json;
    }
    if (trouble == WorldTrouble.NULL_AND_ERROR) {
      body = "\"result\":null,\"error\":{\"code\":-32000,\"message\":\"internal failure\"}";
    }
    return "{\"jsonrpc\":\"2.0\",\"id\":" + id + "," + body + "}";
  }

  private void refuse(@Nullable WorldTrouble trouble, String method) throws Refused {
    if (trouble == null) {
      return;
    }
    switch (trouble) {
      case HEADER_NOT_FOUND -> throw new Refused(-32000, "header not found");
      case NO_METHOD -> throw noMethod(method);
      case RATE -> throw new Refused(-32005, "too many requests");
      case UNKNOWN_WORDS ->
          throw new Refused(-32000, "the moon is in the wrong house " + random.nextInt(99));
      case BROKEN_INSIDE -> throw new Refused(-32603, "Internal error");
      default -> {}
    }
  }

  private static Refused noMethod(String method) {
    return new Refused(-32601, "the method " + method + " does not exist/is not available");
  }

  private View view() {
    int backend = isWell ? 0 : random.nextInt(traits.behindMillis().size());
    long behind = isWell ? 0 : traits.behindMillis().get(backend);
    WorldChain.Moment moment = chain.at(Math.max(0, runtime.passed() - behind));
    long lacks = isWell ? 0 : traits.lacking().get(backend);
    WorldBlock head = moment.head().at(Math.max(0, moment.head().number - lacks));
    WorldBlock seen = head == null ? moment.head() : head;
    return new View(seen, Math.min(moment.finalBlock(), seen.number));
  }

  private String result(String method, String params, View view, @Nullable WorldTrouble trouble)
      throws Refused {
    return switch (method) {
      case "eth_chainId" -> "\"0x1\"";
      case "eth_blockNumber" -> "\"0x%x\"".formatted(view.head().number);
      case "eth_getBlockByNumber" -> json(byNumber(params, view), trouble);
      case "eth_getBlockByHash" -> json(byHash(params, view), trouble);
      case "eth_getLogs" -> logs(params, view, trouble);
      case "eth_getBlockReceipts" -> receipts(params, view);
      case "eth_getTransactionByHash" -> transaction(params, view);
      default -> throw noMethod(method);
    };
  }

  private @Nullable WorldBlock byNumber(String params, View view) throws Refused {
    if (params.contains("\"finalized\"") || params.contains("\"safe\"")) {
      if (!traits.hasFinalized()) {
        throw new Refused(-32602, "invalid argument 0: hex string without 0x prefix");
      }
      return view.at(view.finalBlock());
    }
    if (params.contains("\"latest\"")) {
      return view.head();
    }
    Matcher number = NUMBER.matcher(params);
    return number.find() ? view.at(Long.parseLong(number.group(1), 16)) : null;
  }

  private @Nullable WorldBlock byHash(String params, View view) {
    Matcher hash = HASH.matcher(params);
    WorldBlock block = hash.find() ? chain.by(Bytes32.of(hash.group())) : null;
    boolean isKnown =
        block != null
            && block.number <= view.head().number
            && (traits.keepsOrphans() || view.at(block.number) == block);
    return isKnown ? block : null;
  }

  private String json(@Nullable WorldBlock block, @Nullable WorldTrouble trouble) {
    if (block == null) {
      return "null";
    }
    String bloom =
        switch (traits.bloom()) {
          case HONEST -> ",\"logsBloom\":\"" + block.bloom() + '"';
          case ZERO -> ",\"logsBloom\":\"0x" + "00".repeat(256) + '"';
          case NULL -> ",\"logsBloom\":null";
          case MISSING -> "";
          case LYING -> ",\"logsBloom\":\"" + block.lyingBloom() + '"';
        };
    String time =
        trouble == WorldTrouble.NONSENSE_TIME
            ? "\"0x" + Long.toHexString(Long.MAX_VALUE - random.nextInt(9)) + '"'
            : "\"0x" + Long.toHexString(block.time) + '"';
    return block.json(bloom, time);
  }

  private String logs(String params, View view, @Nullable WorldTrouble trouble) throws Refused {
    List<WorldBlock> blocks = new ArrayList<>();
    Matcher range = RANGE.matcher(params);
    boolean byHash = params.contains("\"blockHash\"");
    if (byHash) {
      if (!traits.takesBlockHash() && !isWell) {
        throw new Refused(-32602, "invalid argument 0: unknown field blockHash");
      }
      WorldBlock block = byHash(params, view);
      if (block == null) {
        throw new Refused(-32000, "unknown block");
      }
      blocks.add(block);
    } else if (range.find()) {
      long from = Long.parseLong(range.group(1), 16);
      long to = Long.parseLong(range.group(2), 16);
      if (!isWell && traits.maxRange() > 0 && to - from + 1 > traits.maxRange()) {
        throw tooWide();
      }
      if (to > view.head().number && (!traits.clamps() || isWell)) {
        throw new Refused(-32000, "block range extends beyond current head block");
      }
      for (long number = from; number <= Math.min(to, view.head().number); number++) {
        WorldBlock block = view.at(number);
        if (block != null) {
          blocks.add(block);
        }
      }
    }
    WorldBlock victim = blocks.isEmpty() ? null : blocks.get(random.nextInt(blocks.size()));
    List<String> logs = new ArrayList<>();
    for (WorldBlock block : blocks) {
      logs.addAll(logs(block, params, block == victim ? trouble : null, byHash));
    }
    if (!isWell && traits.maxResults() > 0 && logs.size() > traits.maxResults()) {
      throw new Refused(-32005, "query returned more than " + traits.maxResults() + " results");
    }
    if (trouble == WorldTrouble.UNORDERED) {
      Collections.shuffle(logs, random);
    }
    if (trouble == WorldTrouble.DOUBLED && !logs.isEmpty()) {
      logs.add(random.nextInt(logs.size() + 1), logs.get(random.nextInt(logs.size())));
    }
    return "[" + String.join(",", logs) + "]";
  }

  private Refused tooWide() {
    int most = traits.maxRange();
    return switch (traits.words()) {
      case 0 -> new Refused(-32000, "eth_getLogs is limited to a " + most + " range");
      case 1 -> new Refused(-32600, "please limit the query to at most " + most + " blocks");
      case 2 -> new Refused(-32005, "block range too large");
      default -> new Refused(-32000, "exceed maximum block range: " + most);
    };
  }

  private List<String> logs(
      WorldBlock asked, String params, @Nullable WorldTrouble trouble, boolean byHash) {
    WorldBlock block = asked;
    if (trouble == WorldTrouble.FOREIGN && (withholdsHistory || byHash)) {
      block = new WorldBlock(asked.before, -1, asked.logs);
    }
    Set<String> addresses = new HashSet<>();
    Matcher address = ADDRESS.matcher(params);
    while (address.find()) {
      addresses.add(address.group(1));
    }
    Matcher topics = TOPICS.matcher(params);
    String wanted = topics.find() ? topics.group(1) : "";
    boolean withholds = withholdsHistory || byHash;
    Bytes32 kept =
        trouble == WorldTrouble.WITHHELD_TOPIC && withholds && !block.logs.isEmpty()
            ? block.logs.get(random.nextInt(block.logs.size())).kind().topic
            : null;
    List<String> logs = new ArrayList<>();
    for (int i = 0; i < block.logs.size(); i++) {
      WorldLog log = block.logs.get(i);
      boolean isAsked =
          (addresses.isEmpty() || addresses.contains(log.contract().toString()))
              && (wanted.isEmpty() || wanted.contains(log.kind().topic.toString()));
      boolean isKept =
          (trouble == WorldTrouble.WITHHELD && withholds) || Objects.equals(log.kind().topic, kept);
      boolean isStranger = trouble == WorldTrouble.STRANGER && !isAsked;
      if ((isAsked && !isKept) || isStranger) {
        logs.add(json(block, i, trouble));
      }
    }
    return logs;
  }

  private String json(WorldBlock block, int index, @Nullable WorldTrouble trouble) {
    String logIndex = "0x" + Integer.toHexString(index);
    if (trouble == WorldTrouble.NONSENSE_INDEX) {
      logIndex = random.nextBoolean() ? "0x100000000" : "0xffffffff";
    }
    return block.json(index, traits.timed(), logIndex, trouble == WorldTrouble.REMOVED);
  }

  private String receipts(String params, View view) throws Refused {
    if (!traits.hasReceipts()) {
      throw noMethod("eth_getBlockReceipts");
    }
    boolean byHash = HASH.matcher(params).find();
    WorldBlock block = byHash ? byHash(params, view) : byNumber(params, view);
    if (block == null) {
      return "null";
    }
    List<String> receipts = new ArrayList<>();
    for (int i = 0; i < block.logs.size(); i++) {
      receipts.add("{\"logs\":[" + block.json(i, traits.timed()) + "]}");
    }
    receipts.add("{\"logs\":" + (random.nextBoolean() ? "[]" : "null") + "}");
    return "[" + String.join(",", receipts) + "]";
  }

  private String transaction(String params, View view) {
    Matcher hash = HASH.matcher(params);
    if (!hash.find()) {
      return "null";
    }
    WorldBlock block = view.head();
    while (block != null) {
      for (int i = 0; i < block.logs.size(); i += 2) {
        if (block.transaction(i).toString().equals(hash.group())) {
          return ("{\"hash\":\"%s\",\"from\":\"%s\",\"to\":null,\"value\":\"0x0\",\"input\":\"0x\","
                  + "\"nonce\":\"0x%x\"}")
              .formatted(hash.group(), Address.ZERO, block.number);
        }
      }
      block = block.before;
    }
    return "null";
  }
}
