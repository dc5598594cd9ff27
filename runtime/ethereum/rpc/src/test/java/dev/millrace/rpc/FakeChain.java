package dev.millrace.rpc;

import dev.millrace.loaders.Bytes32;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A chain of a few blocks with two logs each, and the replies of a well-behaved node. Every log has
 * the same contract and topic.
 *
 * @param id the reply to {@code eth_chainId}
 * @param head the last block
 */
record FakeChain(long id, long head) {
  static final String CONTRACT = "0x00000000000000000000000000000000000000aa";
  static final String TOPIC = "0x" + "ab".repeat(32);
  static final int LOGS = 2;

  private static final Pattern CALL =
      Pattern.compile(
          "\\{\"jsonrpc\":\"2.0\",\"id\":(\\d+),\"method\":\"(\\w+)\",\"params\":(.*?)\\}(?=[,\\]]|$)");
  private static final Pattern HEX = Pattern.compile("\"(0x[0-9a-f]+)\"");

  /** One call of a request. */
  record Asked(String id, String method, String params) {
    long number() {
      Matcher hex = HEX.matcher(params);
      return hex.find() ? Long.parseLong(hex.group(1).substring(2), 16) : -1;
    }

    long bound(String name) {
      Matcher bound = Pattern.compile('"' + name + "\":\"0x([0-9a-f]+)\"").matcher(params);
      return bound.find() ? Long.parseLong(bound.group(1), 16) : -1;
    }

    String error(long code, String message) {
      return "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,\"message\":\"%s\"}}"
          .formatted(id, code, message);
    }

    String result(String json) {
      return "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}".formatted(id, json);
    }
  }

  static List<Asked> calls(String body) {
    List<Asked> calls = new ArrayList<>();
    Matcher call = CALL.matcher(body);
    while (call.find()) {
      calls.add(new Asked(call.group(1), call.group(2), call.group(3)));
    }
    return calls;
  }

  FakeNode.Answer answer(String body) {
    List<String> replies = calls(body).stream().map(this::reply).toList();
    return FakeNode.Answer.of(
        body.startsWith("[") ? "[" + String.join(",", replies) + "]" : replies.getFirst());
  }

  String reply(Asked call) {
    return call.result(
        switch (call.method()) {
          case "eth_chainId" -> "\"0x%x\"".formatted(id);
          case "eth_blockNumber" -> "\"0x%x\"".formatted(head);
          case "eth_getBlockByNumber" ->
              block(call.params().contains("latest") ? head : call.number());
          case "eth_getLogs" -> logs(call.bound("fromBlock"), call.bound("toBlock"));
          case "eth_getBlockReceipts" -> "[{\"logs\":" + logs(call.number(), call.number()) + "}]";
          default -> "null";
        });
  }

  private String block(long number) {
    return number > head
        ? "null"
        : "{\"number\":\"0x%x\",\"hash\":\"%s\",\"parentHash\":\"%s\",\"timestamp\":\"0x%x\",\"logsBloom\":\"0x%s\",\"transactions\":[]}"
            .formatted(number, hash(number), hash(number - 1), 1000 + number, "00".repeat(256));
  }

  static String logs(long from, long to) {
    List<String> logs = new ArrayList<>();
    for (long block = from; block <= to; block++) {
      for (int index = 0; index < LOGS; index++) {
        logs.add(log(block, index));
      }
    }
    return logs.stream().collect(Collectors.joining(",", "[", "]"));
  }

  static String log(long block, int index) {
    return ("{\"address\":\"%s\",\"topics\":[\"%s\"],\"data\":\"0x%064x\",\"blockNumber\":\"0x%x\","
            + "\"transactionHash\":\"%s\",\"transactionIndex\":\"0x%x\",\"blockHash\":\"%s\","
            + "\"logIndex\":\"0x%x\",\"removed\":false}")
        .formatted(
            CONTRACT, TOPIC, block * 10 + index, block, hash(block + 7), index, hash(block), index);
  }

  static Bytes32 hash(long block) {
    return Bytes32.of("0x%064x".formatted(block + 0x1000));
  }
}
