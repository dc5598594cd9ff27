package dev.millrace.scenarios;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.SourceProviders;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.lane.Lane;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.simulation.MemoryStore;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Third-party nodes with a token and transfers that they execute themselves. The tables must hold
 * the balances that the token reports, through all changes of the chain.
 */
@Timeout(300)
@ExtendWith(ForeignNodesIT.WhereNpmIs.class)
final class ForeignNodesIT {
  private static final long CHAIN = 31337;
  private static final int ACCOUNTS = 5;
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);

  /** Skips the class if its nodes cannot be downloaded, and prints that. */
  static final class WhereNpmIs implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      try {
        String missing = ForeignNode.install();
        if (missing.isEmpty()) {
          return ConditionEvaluationResult.enabled("the nodes are there");
        }
        System.err.println("LEFT OUT: " + context.getDisplayName() + ": " + missing);
        return ConditionEvaluationResult.disabled(missing);
      } catch (IOException failed) {
        return ConditionEvaluationResult.disabled("nodes cannot be fetched: " + failed);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        return ConditionEvaluationResult.disabled("interrupted");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void tables_followTheTokenOfANodeThroughReorgs(ForeignNode.Kind kind) throws Exception {
    try (ForeignNode node = ForeignNode.start(kind)) {
      EvmIndexer indexer = (EvmIndexer) Erc20.indexer();
      Token token = Token.deploy(node, indexer);
      for (int i = 0; i < 20; i++) {
        token.transfer(1 + i % (ACCOUNTS - 1), 100 + i);
      }
      for (int i = 0; i < 32; i++) {
        node.call("evm_mine", "[]");
      }
      MemoryStore store = new MemoryStore(indexer.entities());
      try (Lane lane =
          new Lane(
              "31337",
              indexer,
              SourceProviders.source(request(indexer, node, token)),
              store.takeOver("31337"),
              LaneSettings.defaults(),
              Failpoint.NONE)) {
        lane.start();
        settle(store, token, "history");

        token.transfer(2, 7);
        settle(store, token, "head");

        String snapshot = node.hex("evm_snapshot", "[]");
        token.transfer(1, 1000);
        token.transfer(3, 2000);
        settle(store, token, "the branch that will be left");

        assertThat(node.call("evm_revert", "[\"%s\"]".formatted(snapshot))).contains("true");
        for (int i = 0; i < 4; i++) {
          token.transfer(4, 3 + i);
        }
        settle(store, token, "a longer branch");

        if (kind == ForeignNode.Kind.ANVIL) {
          node.call("anvil_reorg", "[3,[]]");
          settle(store, token, "a branch of the same length");
        }
      }
    }
  }

  private static SourceRequest request(EvmIndexer indexer, ForeignNode node, Token token) {
    return new SourceRequest(
            indexer,
            CHAIN,
            List.of(node.url()),
            0,
            new StopAt.Never(),
            new Finality(Optional.empty(), OptionalLong.of(30)),
            Map.of("Token", List.of(token.address())))
        .withReading(SourceOptions.DEFAULTS.withPoll(Duration.ofMillis(100)));
  }

  /** Waits until the tables match the token, and fails with the difference. */
  private static void settle(MemoryStore store, Token token, String when) throws Exception {
    Map<Address, BigInteger> expected = token.balances();
    long begun = System.nanoTime();
    while (!balances(store, token).equals(expected) && System.nanoTime() - begun < PATIENCE) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
    assertThat(balances(store, token)).as(when).isEqualTo(expected);
  }

  private static Map<Address, BigInteger> balances(MemoryStore store, Token token) {
    Map<Address, BigInteger> balances = new TreeMap<>();
    token.accounts().forEach(account -> balances.put(account, BigInteger.ZERO));
    store.rows("31337", token.accountType()).values().stream()
        .map(Erc20.Account.class::cast)
        .filter(account -> !account.address().equals(Address.ZERO))
        .forEach(account -> balances.put(account.address(), account.balance()));
    return balances;
  }

  /** A token on a node, and its holders. */
  private record Token(
      ForeignNode node, EntityType<?> accountType, List<Address> accounts, Address address) {
    private static final String SUPPLY = "%064x".formatted(1_000_000);

    static Token deploy(ForeignNode node, EvmIndexer indexer)
        throws IOException, InterruptedException {
      List<Address> accounts =
          Pattern.compile("0x[0-9a-fA-F]{40}")
              .matcher(node.call("eth_accounts", "[]"))
              .results()
              .limit(ACCOUNTS)
              .map(found -> Address.of(found.group()))
              .toList();
      String sent =
          node.hex(
              "eth_sendTransaction",
              "[{\"from\":\"%s\",\"gas\":\"0x200000\",\"data\":\"0x%s%s\"}]"
                  .formatted(accounts.getFirst(), code(), SUPPLY));
      String receipt = mined(node, sent);
      int at = receipt.indexOf("\"contractAddress\":\"") + "\"contractAddress\":\"".length();
      EntityType<?> type =
          indexer.entities().stream()
              .filter(one -> one.type() == Erc20.Account.class)
              .findFirst()
              .orElseThrow();
      return new Token(node, type, accounts, Address.of(receipt.substring(at, at + 42)));
    }

    private static String code() throws IOException {
      try (InputStream code = ForeignNodesIT.class.getResourceAsStream("Token.hex")) {
        return new String(requireNonNull(code).readAllBytes(), StandardCharsets.US_ASCII).strip();
      }
    }

    void transfer(int to, long value) throws IOException, InterruptedException {
      String data = "0xa9059cbb" + word(accounts.get(to)) + "%064x".formatted(value);
      mined(
          node,
          node.hex(
              "eth_sendTransaction",
              "[{\"from\":\"%s\",\"to\":\"%s\",\"gas\":\"0x30000\",\"data\":\"%s\"}]"
                  .formatted(accounts.getFirst(), address, data)));
    }

    /**
     * Returns the receipt of a transaction; nodes answer with the hash before they have mined its
     * block.
     */
    private static String mined(ForeignNode node, String hash)
        throws IOException, InterruptedException {
      long begun = System.nanoTime();
      while (System.nanoTime() - begun < PATIENCE) {
        String receipt = node.call("eth_getTransactionReceipt", "[\"%s\"]".formatted(hash));
        if (receipt.contains("\"contractAddress\"")) {
          return receipt;
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
      throw new AssertionError("transaction is not mined: hash=" + hash);
    }

    Map<Address, BigInteger> balances() throws IOException, InterruptedException {
      Map<Address, BigInteger> balances = new TreeMap<>();
      for (Address account : accounts) {
        String balance =
            node.hex(
                "eth_call",
                "[{\"to\":\"%s\",\"data\":\"0x70a08231%s\"},\"latest\"]"
                    .formatted(address, word(account)));
        balances.put(account, new BigInteger(balance.substring(2), 16));
      }
      return balances;
    }

    private static String word(Address address) {
      return "0".repeat(24) + address.toString().substring(2);
    }
  }
}
