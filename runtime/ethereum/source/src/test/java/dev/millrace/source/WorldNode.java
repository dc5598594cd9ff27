package dev.millrace.source;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
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

/** Results of single calls, from the view of a node and its traits. */
final class WorldNode {
  private static final List<String> NONSENSE_INDEXES =
      List.of("0x100000", "0x7fffffff", "0xffffffff", "0x100000000");

  private static final Pattern HASH = Pattern.compile("0x[0-9a-f]{64}");
  private static final Pattern RANGE =
      Pattern.compile("\"fromBlock\":\"0x([0-9a-f]+)\",\"toBlock\":\"0x([0-9a-f]+)\"");
  private static final Pattern ADDRESS = Pattern.compile("\"(0x[0-9a-f]{40})\"");
  private static final Pattern TOPICS = Pattern.compile("\"topics\":\\[\\[(.*?)\\]\\]");
  private static final Pattern NUMBER = Pattern.compile("\\[\"0x([0-9a-f]{1,16})\"");

  private final EndpointTraits traits;
  private final Random random;
  private final boolean withholdsHistory;
  private final long phantoms;

  /** The logs that it has added so far, as they look on the wire. */
  private final Set<List<Object>> added = new HashSet<>();

  /** The reason why a call has no result. */
  static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
    final String json;

    Refused(long code, String message) {
      super(message, null, false, false);
      json = "\"error\":{\"code\":%d,\"message\":\"%s\"}".formatted(code, message);
    }
  }

  /**
   * @param phantoms the seed of the logs that it adds, the same ones at each request; 0: others
   *     each time
   */
  WorldNode(EndpointTraits traits, Random random, boolean withholdsHistory, long phantoms) {
    this.phantoms = phantoms;
    this.traits = traits;
    this.random = random;
    this.withholdsHistory = withholdsHistory;
  }

  static Refused noMethod(String method) {
    return new Refused(-32601, "the method " + method + " does not exist/is not available");
  }

  String result(String method, String params, WorldView view, @Nullable WorldTrouble trouble)
      throws Refused {
    return switch (method) {
      case "eth_chainId" -> "\"0x%x\"".formatted(view.chainId());
      case "eth_blockNumber" -> "\"0x%x\"".formatted(view.head().number + tooFar(trouble));
      case "eth_getBlockByNumber" -> json(byNumber(params, view, trouble), trouble);
      case "eth_getBlockByHash" -> json(byHash(params, view), trouble);
      case "eth_getLogs" -> logs(params, view, trouble);
      case "eth_getBlockReceipts" -> receipts(params, view);
      case "eth_getTransactionByHash" -> transaction(params, view);
      default -> throw noMethod(method);
    };
  }

  private long tooFar(@Nullable WorldTrouble trouble) {
    return trouble == WorldTrouble.FAR_HEAD ? 1_000 + random.nextInt(1_000_000) : 0;
  }

  private @Nullable WorldBlock byNumber(
      String params, WorldView view, @Nullable WorldTrouble trouble) throws Refused {
    if (params.contains("\"finalized\"") || params.contains("\"safe\"")) {
      if (!traits.hasFinalized()) {
        throw new Refused(-32602, "invalid argument 0: hex string without 0x prefix");
      }
      return view.at(view.finalBlock());
    }
    if (params.contains("\"latest\"")) {
      long beyond = tooFar(trouble);
      return beyond == 0 ? view.head() : WorldBlock.beyond(view.head(), beyond);
    }
    Matcher number = NUMBER.matcher(params);
    return number.find() ? view.at(Long.parseLong(number.group(1), 16)) : null;
  }

  private @Nullable WorldBlock byHash(String params, WorldView view) {
    Matcher hash = HASH.matcher(params);
    WorldBlock block = hash.find() ? view.chain().by(Bytes32.of(hash.group())) : null;
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
          case HONEST -> {
            WorldBlock other = trouble == WorldTrouble.OTHER_BLOOM ? block.before : null;
            yield ",\"logsBloom\":\"" + (other == null ? block : other).bloom() + '"';
          }
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

  private String logs(String params, WorldView view, @Nullable WorldTrouble trouble)
      throws Refused {
    List<WorldBlock> blocks = new ArrayList<>();
    Matcher range = RANGE.matcher(params);
    boolean byHash = params.contains("\"blockHash\"");
    if (byHash) {
      if (!traits.takesBlockHash() && !view.isWell()) {
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
      if (!view.isWell() && traits.maxRange() > 0 && to - from + 1 > traits.maxRange()) {
        throw tooWide();
      }
      if (to > view.head().number && (!traits.clamps() || view.isWell())) {
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
    if (!view.isWell() && traits.maxResults() > 0 && logs.size() > traits.maxResults()) {
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
    int max = traits.maxRange();
    return switch (traits.words()) {
      case 0 -> new Refused(-32000, "eth_getLogs is limited to a " + max + " range");
      case 1 -> new Refused(-32600, "please limit the query to at most " + max + " blocks");
      case 2 -> new Refused(-32005, "block range too large");
      default -> new Refused(-32000, "exceed maximum block range: " + max);
    };
  }

  private List<String> logs(
      WorldBlock asked, String params, @Nullable WorldTrouble trouble, boolean byHash) {
    WorldBlock block = asked;
    if (trouble == WorldTrouble.FOREIGN && (withholdsHistory || byHash)) {
      block = foreign(asked);
    }
    Set<String> addresses = new HashSet<>();
    Matcher address = ADDRESS.matcher(params);
    while (address.find()) {
      addresses.add(address.group(1));
    }
    Matcher topics = TOPICS.matcher(params);
    String wanted = topics.find() ? topics.group(1) : "";
    boolean withholds = withholdsHistory || byHash;
    if (trouble == WorldTrouble.PHANTOM && withholds) {
      WorldLog phantom = phantom(block, addresses, wanted);
      block = phantom == null ? block : block.with(phantom);
    }
    Bytes32 kept =
        trouble == WorldTrouble.WITHHELD_TOPIC && withholds && !block.logs.isEmpty()
            ? block.logs.get(random.nextInt(block.logs.size())).kind().topic
            : null;
    List<String> logs = new ArrayList<>();
    int last = -1;
    for (int i = 0; i < block.logs.size(); i++) {
      WorldLog log = block.logs.get(i);
      boolean isAsked =
          (addresses.isEmpty() || addresses.contains(log.contract().toString()))
              && (wanted.isEmpty() || wanted.contains(log.kind().topic.toString()));
      boolean isKept =
          (trouble == WorldTrouble.WITHHELD && withholds) || Objects.equals(log.kind().topic, kept);
      boolean isStranger = trouble == WorldTrouble.STRANGER && !isAsked;
      if ((isAsked && !isKept) || isStranger) {
        logs.add(
            json(block, i, trouble == WorldTrouble.SAME_INDEX && last >= 0 ? last : i, trouble));
        last = i;
      }
    }
    return logs;
  }

  /** Draws a log to add: the same one at each request, or one that it has never added. */
  private @Nullable WorldLog phantom(WorldBlock block, Set<String> addresses, String topics) {
    if (phantoms != 0) {
      Random drawn = new Random(phantoms * 7_919 + block.number);
      return WorldLog.phantom(block, drawn, addresses, topics);
    }
    WorldLog log = WorldLog.phantom(block, random, addresses, topics);
    // An event without parameters is the same log each time it is drawn at the same address.
    return log != null && added.add(List.of(block.hash, log.at(), log.topics(), log.data()))
        ? log
        : null;
  }

  /** Returns another block at the same height, with the same logs of other amounts. */
  private static WorldBlock foreign(WorldBlock block) {
    List<WorldLog> logs = block.logs.stream().map(WorldLog::ofAnotherAmount).toList();
    return new WorldBlock(block.before, -1, logs);
  }

  private String json(WorldBlock block, int index, int named, @Nullable WorldTrouble trouble) {
    String logIndex = "0x" + Integer.toHexString(named);
    if (trouble == WorldTrouble.NONSENSE_INDEX) {
      logIndex = NONSENSE_INDEXES.get(random.nextInt(NONSENSE_INDEXES.size()));
    }
    return block.json(index, traits.timed(), logIndex, trouble == WorldTrouble.REMOVED);
  }

  private String receipts(String params, WorldView view) throws Refused {
    if (!traits.hasReceipts()) {
      throw noMethod("eth_getBlockReceipts");
    }
    boolean byHash = HASH.matcher(params).find();
    WorldBlock block = byHash ? byHash(params, view) : byNumber(params, view, null);
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

  private String transaction(String params, WorldView view) {
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
