package dev.millrace.devnode;

import static dev.millrace.devnode.NodeClient.range;
import static dev.millrace.devnode.NodeClient.read;
import static dev.millrace.devnode.NodeClient.request;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.esaulpaugh.headlong.util.FastHex;
import com.joemelsha.crypto.hash.Keccak;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainPools;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.devchain.DevChainTransfers;
import dev.millrace.evm.Log;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class DevNodeTest {
  private static final DevChainSettings SMALL =
      DevChainSettings.DEFAULTS.withBlocks(200).withAccounts(300).withLogs(6).withPools(400, 2);

  private final DevChain chain = new DevChain(SMALL);
  private final DevNode node = DevNode.open(chain);
  private final NodeClient client = new NodeClient(node);

  @AfterEach
  void close() {
    client.close();
    node.close();
  }

  @Test
  void blocks_areLinkedByTheirHashesAndKnownByThem() throws Exception {
    chain.fork(20, 25);
    for (long number = 150; number < 200; number++) {
      Map<?, ?> block = client.block(number);
      assertThat(block.get("number")).isEqualTo("0x" + Long.toHexString(number));
      assertThat(block.get("parentHash")).isEqualTo(client.block(number - 1).get("hash"));
      assertThat(block.get("hash")).isEqualTo(chain.block(number).hash().toString());
      assertThat(client.object("eth_getBlockByHash", "[\"" + block.get("hash") + "\",false]"))
          .isEqualTo(block);
    }
    assertThat(client.isNull("eth_getBlockByNumber", "[\"0xffff\",false]")).isTrue();
    assertThat(client.isNull("eth_getBlockByHash", "[\"0x%064x\",false]".formatted(7))).isTrue();
  }

  @Test
  void bloom_holdsTheLogsAsEthereumDoes() throws Exception {
    chain.fork(20, 25);
    for (long number = 170; number < 200; number++) {
      byte[] bloom = new byte[256];
      for (Map<String, Object> log : client.logs(range(number, number))) {
        add(bloom, requireNonNull(log.get("address")));
        ((List<?>) requireNonNull(log.get("topics"))).forEach(topic -> add(bloom, topic));
      }
      assertThat(client.block(number).get("logsBloom"))
          .as("block %d", number)
          .isEqualTo("0x" + FastHex.encodeToString(bloom));
    }
  }

  private static void add(byte[] bloom, Object text) {
    byte[] hash = new Keccak(256).digest(FastHex.decode(text.toString().substring(2)));
    for (int pair = 0; pair < 6; pair += 2) {
      int bit = ((hash[pair] & 7) << 8) + (hash[pair + 1] & 255);
      bloom[255 - bit / 8] |= (byte) (1 << (bit & 7));
    }
  }

  @Test
  void logs_ofARangeAreThoseOfItsBlocksAndOfTheChain() throws Exception {
    chain.fork(20, 25);
    List<Map<String, Object>> byHash = new ArrayList<>();
    List<String> received = new ArrayList<>();
    for (long number = 160; number <= chain.head(); number++) {
      byHash.addAll(client.logs("\"blockHash\":\"%s\"".formatted(chain.block(number).hash())));
      chain.logs(number).forEach(log -> received.add(text(log)));
    }
    List<Map<String, Object>> ofRange = client.logs(range(160, chain.head()));

    assertThat(ofRange).isEqualTo(byHash).hasSizeGreaterThan(300);
    assertThat(ofRange).map(DevNodeTest::text).isEqualTo(received);
    assertThat(ofRange).allSatisfy(log -> assertThat(log).containsEntry("removed", false));
  }

  private static String text(Log log) {
    List<String> topics = new ArrayList<>();
    for (int topic = 0; topic < log.topics(); topic++) {
      topics.add(log.topic(topic).toString());
    }
    return List.of(
            log.contract(),
            topics,
            log.data(),
            log.block().hash(),
            log.transaction().hash(),
            "0x" + Long.toHexString(log.block().number()),
            "0x" + Integer.toHexString(log.transaction().index()),
            "0x" + Integer.toHexString(log.logIndex()))
        .toString();
  }

  private static String text(Map<String, Object> log) {
    return List.of(
            requireNonNull(log.get("address")),
            requireNonNull(log.get("topics")),
            requireNonNull(log.get("data")),
            requireNonNull(log.get("blockHash")),
            requireNonNull(log.get("transactionHash")),
            requireNonNull(log.get("blockNumber")),
            requireNonNull(log.get("transactionIndex")),
            requireNonNull(log.get("logIndex")))
        .toString();
  }

  @Test
  void filter_meansWhatItMeansEverywhere() throws Exception {
    String all = range(10, 60);
    List<Map<String, Object>> logs = client.logs(all);
    String transfer = DevChainTransfers.TOPIC.toString();
    String swap = DevChainPools.SWAP.toString();
    String account = "0x000000000000000000000000" + chain.account(0).toString().substring(2);

    assertThat(client.logs(all + ",\"address\":\"" + DevChain.TOKEN + "\""))
        .isEqualTo(having(logs, "address", Set.of(DevChain.TOKEN.toString())))
        .isNotEmpty();
    assertThat(
            client.logs(
                all + ",\"address\":[\"" + DevChain.FACTORY + "\",\"" + chain.pool(3) + "\"]"))
        .isEqualTo(
            having(logs, "address", Set.of(DevChain.FACTORY.toString(), chain.pool(3).toString())))
        .isNotEmpty();
    assertThat(client.logs(all + ",\"topics\":[[\"" + transfer + "\",\"" + swap + "\"]]"))
        .isEqualTo(topic(logs, 0, Set.of(transfer, swap)))
        .isNotEmpty();
    assertThat(client.logs(all + ",\"topics\":[null,\"" + account + "\"]"))
        .isEqualTo(topic(logs, 1, Set.of(account)))
        .isNotEmpty();
    assertThat(client.logs(all + ",\"topics\":[\"" + transfer + "\",null,[\"" + account + "\"]]"))
        .isEqualTo(topic(topic(logs, 0, Set.of(transfer)), 2, Set.of(account)))
        .isNotEmpty();
    assertThat(client.logs(all + ",\"topics\":[null,null,null,null]")).isEmpty();
    assertThat(client.logs(all + ",\"topics\":[],\"address\":[]")).isEqualTo(logs);
  }

  private static List<Map<String, Object>> having(
      List<Map<String, Object>> logs, String field, Set<String> any) {
    return logs.stream().filter(log -> any.contains(String.valueOf(log.get(field)))).toList();
  }

  private static List<Map<String, Object>> topic(
      List<Map<String, Object>> logs, int position, Set<String> any) {
    return logs.stream()
        .filter(log -> {
          List<?> topics = (List<?>) requireNonNull(log.get("topics"));
          return topics.size() > position && any.contains(topics.get(position).toString());
        })
        .toList();
  }

  @Test
  void transactions_haveTheirReceiptsAndAreFoundByHash() throws Exception {
    chain.fork(12, 15);
    for (long number : new long[] {5, 60, chain.head() - 4, chain.head() - 3, chain.head() - 1}) {
      String block = "[\"0x%x\",true]".formatted(number);
      List<?> whole =
          (List<?>)
              requireNonNull(client.object("eth_getBlockByNumber", block).get("transactions"));
      List<Map<String, Object>> receipts = client.list("eth_getBlockReceipts", block);
      List<Object> logs = new ArrayList<>();
      assertThat(receipts).hasSameSizeAs(whole);
      assertThat(client.block(number).get("transactions"))
          .isEqualTo(whole.stream().map(each -> ((Map<?, ?>) each).get("hash")).toList());
      for (int index = 0; index < whole.size(); index++) {
        Map<?, ?> transaction = (Map<?, ?>) whole.get(index);
        String hash = "[\"" + transaction.get("hash") + "\"]";
        assertThat(client.object("eth_getTransactionByHash", hash)).isEqualTo(transaction);
        assertThat(client.object("eth_getTransactionReceipt", hash)).isEqualTo(receipts.get(index));
        logs.addAll((List<?>) requireNonNull(receipts.get(index).get("logs")));
      }
      assertThat(logs).isEqualTo(client.logs(range(number, number)));
    }
    assertThat(client.isNull("eth_getTransactionByHash", "[\"0x%064x\"]".formatted(9))).isTrue();
  }

  @Test
  void tags_nameTheHeadAndWhatNoForkReplaces() throws Exception {
    chain.finality(32).advance(0);
    assertThat(client.result("eth_blockNumber", "[]")).isEqualTo("0xc7");
    assertThat(number("latest")).isEqualTo(199);
    assertThat(number("finalized")).isEqualTo(199 - 32);
    assertThat(number("safe")).isBetween(199L - 32, 198L);
    assertThat(number("earliest")).isZero();

    chain.fork(30, 5);

    assertThat(number("latest")).isEqualTo(174);
    assertThat(number("finalized")).as("it never goes back").isEqualTo(199 - 32);
  }

  private long number(String tag) throws IOException, InterruptedException {
    Object number = client.object("eth_getBlockByNumber", "[\"" + tag + "\",false]").get("number");
    return Long.decode(String.valueOf(number));
  }

  @Test
  void replacedBlocks_areForgottenUnlessTheNodeKeepsThem() throws Exception {
    String hash = chain.block(195).hash().toString();
    Map<?, ?> block = client.block(195);
    List<Map<String, Object>> logs = client.logs("\"blockHash\":\"" + hash + "\"");
    chain.fork(10, 12);

    assertThat(client.isNull("eth_getBlockByHash", "[\"" + hash + "\",false]")).isTrue();
    assertThat(client.error("eth_getLogs", "[{\"blockHash\":\"" + hash + "\"}]"))
        .isEqualTo("-32000 unknown block");

    node.faults().keepReplaced(true);
    assertThat(client.object("eth_getBlockByHash", "[\"" + hash + "\",false]")).isEqualTo(block);
    assertThat(client.logs("\"blockHash\":\"" + hash + "\"")).isEqualTo(logs);
  }

  @Test
  void errors_haveTheCodesOfTheProtocol() throws Exception {
    assertThat(client.send("{\"jsonrpc\":").body()).contains("\"code\":-32700");
    assertThat(client.send("[]").body()).contains("\"code\":-32600");
    assertThat(client.send("[1]").body()).startsWith("[").contains("\"code\":-32600");
    assertThat(client.error("eth_nothing", "[]")).startsWith("-32601 the method eth_nothing");
    assertThat(client.error("eth_getBlockByNumber", "[]")).startsWith("-32602");
    assertThat(client.error("eth_getBlockByNumber", "[\"12\",false]")).startsWith("-32602");
    assertThat(client.error("eth_getBlockByHash", "[\"0x12\",false]")).startsWith("-32602");
    assertThat(client.error("eth_getLogs", "[{\"address\":\"0x12\"}]")).startsWith("-32602");
    assertThat(client.error("eth_getLogs", "[{\"topics\":\"0x12\"}]")).startsWith("-32602");
    assertThat(client.error("eth_getLogs", "[{" + range(9, 8) + "}]")).startsWith("-32602");
    assertThat(
            client.error(
                "eth_getLogs",
                "[{\"blockHash\":\"%s\",\"fromBlock\":\"0x1\"}]".formatted(chain.block(1).hash())))
        .startsWith("-32602 cannot specify both");
  }

  @Test
  void batches_areAnsweredInOneBodyWithTheirIds() throws Exception {
    String batch =
        "[%s,%s,{\"id\":\"x\\\"y\",\"method\":\"eth_chainId\"}]"
            .formatted(request(7, "eth_blockNumber", "[]"), request(8, "net_version", "[]"));
    List<?> answers = (List<?>) read(client.send(batch).body());

    assertThat(answers)
        .isEqualTo(
            List.of(
                Map.of("jsonrpc", "2.0", "id", 7L, "result", "0xc7"),
                Map.of("jsonrpc", "2.0", "id", 8L, "result", "1337"),
                Map.of("jsonrpc", "2.0", "id", "x\"y", "result", "0x539")));
    assertThat(client.result("eth_syncing", "[]")).isEqualTo(false);
    assertThat(client.result("web3_clientVersion", "[]").toString()).contains("millrace");
    assertThat(node.requests("eth_blockNumber")).isEqualTo(1);
  }

  @Test
  void chain_canBeMovedOverTheWire() throws Exception {
    client.result("evm_mine", "[3]");
    assertThat(chain.head()).isEqualTo(202);
    assertThat(client.result("dev_fork", "[5,9]")).isEqualTo("0xce");
    assertThat(client.error("dev_fork", "[200,1]")).contains("final block");
  }

  @Test
  void pools_areCreatedBeforeTheySwapAndSomeSwapAtOnce() throws Exception {
    chain.fork(60, 80);
    Set<Object> created = new HashSet<>();
    int atOnce = 0;
    Object creation = "";
    for (Map<String, Object> log : client.logs(range(0, chain.head()))) {
      List<?> topics = (List<?>) requireNonNull(log.get("topics"));
      if (topics.getFirst().equals(DevChainPools.CREATED.toString())) {
        created.add("0x" + String.valueOf(log.get("data")).substring(26));
        creation = requireNonNull(log.get("transactionHash"));
      } else if (topics.getFirst().equals(DevChainPools.SWAP.toString())) {
        assertThat(created).contains(log.get("address"));
        atOnce += creation.equals(log.get("transactionHash")) ? 1 : 0;
      }
    }
    assertThat(created).hasSizeBetween(150, 220);
    assertThat(atOnce).isGreaterThan(50);
    assertThat(Arrays.asList(DevChainPools.SYNC, DevChainPools.SWAP, DevChainTransfers.TOPIC))
        .map(Object::toString)
        .containsExactly(
            "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1",
            "0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822",
            "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
  }
}
