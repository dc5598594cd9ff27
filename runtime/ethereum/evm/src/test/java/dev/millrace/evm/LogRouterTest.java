package dev.millrace.evm;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class LogRouterTest {
  private static final Bytes32 TRANSFER =
      Bytes32.of("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @Event("Transfer(address indexed from, address indexed to, uint256 indexed token)")
  record TokenTransferred(Address from, Address to, BigInteger token) {}

  @Entity
  record Account(@Id Address address) {}

  private static <E> void ignore(E event, EvmContext context) {}

  private static final EvmIndexer INDEXER =
      Evm.indexer("tokens")
          .entities(Account.class)
          .contract("Token", token -> token.on(Transferred.class, LogRouterTest::ignore))
          .contract("Any", any -> any.anywhere().on(TokenTransferred.class, LogRouterTest::ignore))
          .build();
  private static final EvmIndexer TOKENS_ALONE =
      Evm.indexer("tokens")
          .entities(Account.class)
          .contract("Token", token -> token.on(Transferred.class, LogRouterTest::ignore))
          .build();
  private static final LogRouter ROUTER =
      LogRouter.of(INDEXER, 1, Map.of("Token", List.of(EncodedLogs.TOKEN)));

  @Test
  void route_findsTheHandlerOfTheAddress() {
    dev.millrace.pipeline.SourceEvent event =
        requireNonNull(ROUTER.route(transfer(EncodedLogs.TOKEN, 3, EncodedLogs.word(9))));

    assertThat(event.handler().name()).isEqualTo("Token.Transferred");
    assertThat(event.describe()).isEqualTo("block=7 logIndex=5 handler=Token.Transferred");
    assertThat(event.payload())
        .isEqualTo(
            new LogPayload(
                new Transferred(EncodedLogs.ALICE, EncodedLogs.BOB, BigInteger.valueOf(9)),
                EncodedLogs.TOKEN,
                EncodedLogs.TRANSACTION));
  }

  @Test
  void route_passesOverWhatNoHandlerAskedFor() {
    assertThat(ROUTER.route(transfer(EncodedLogs.BOB, 3, EncodedLogs.word(9)))).isNull();
    assertThat(ROUTER.route(EncodedLogs.log(EncodedLogs.TOKEN, new byte[0][], new byte[0])))
        .isNull();
    assertThat(ROUTER.route(EncodedLogs.log(EncodedLogs.TOKEN, new byte[1][32], new byte[0])))
        .isNull();
  }

  @Test
  void asks_knowsContractsAndTopics() {
    assertThat(ROUTER.accepts(EncodedLogs.TOKEN, TRANSFER)).isTrue();
    assertThat(ROUTER.accepts(EncodedLogs.TOKEN, Bytes32.ZERO)).isFalse();
    assertThat(
            LogRouter.of(TOKENS_ALONE, 1, Map.of("Token", List.of(EncodedLogs.TOKEN)))
                .accepts(EncodedLogs.BOB, TRANSFER))
        .isFalse();
  }

  @Test
  void route_listensAnywhereToWhatDecodes() {
    dev.millrace.pipeline.SourceEvent event =
        requireNonNull(ROUTER.route(transfer(EncodedLogs.BOB, 4, new byte[0])));

    assertThat(event.handler().name()).isEqualTo("Any.TokenTransferred");
    assertThat(ROUTER.route(transfer(EncodedLogs.BOB, 4, new byte[32]))).isNull();
  }

  private static LogRouter router(EvmIndexer indexer, Undecodable undecodable) {
    SourceRequest request =
        new SourceRequest(
            indexer,
            1,
            List.of(),
            0,
            new StopAt.Never(),
            Finality.AT_ONCE,
            Map.of("Token", List.of(EncodedLogs.TOKEN)));
    return LogRouter.of(
        request.withReading(SourceOptions.DEFAULTS.withUndecodable(undecodable)),
        BlockDataSource.NONE,
        List.of());
  }

  @Test
  void route_passesOverWhatDoesNotDecodeAndCountsIt() {
    LogRouter router = router(INDEXER, Undecodable.SKIP);

    assertThat(router.route(transfer(EncodedLogs.TOKEN, 3, new byte[31]))).isNull();
    assertThat(router.route(transfer(EncodedLogs.BOB, 4, new byte[32]))).isNull();
    assertThat(router.undecoded()).isEqualTo(2);
    assertThat(router.firstUndecoded())
        .hasValueSatisfying(
            first -> assertThat(first).startsWith("log does not decode: chain=1 block=7"));
  }

  @Test
  void route_stopsAtALogOfOursThatDoesNotDecode_ifConfigured() {
    LogRouter router = router(INDEXER, Undecodable.STOP);

    assertThat(router.route(transfer(EncodedLogs.BOB, 4, new byte[32]))).as("anyone's").isNull();
    assertThatThrownBy(() -> router.route(transfer(EncodedLogs.TOKEN, 3, new byte[31])))
        .isInstanceOfSatisfying(
            MillraceException.class,
            refused -> assertThat(refused.remedy()).isEqualTo(Remedy.FIX_HANDLER))
        .hasMessage(
            "log does not decode: chain=1 block=7 logIndex=5"
                + " contract=0x00000000000000000000000000000000000000aa event=Token.Transferred"
                + " reason=\"data has the wrong length: expected=32 bytes=31\"");
  }

  @Test
  void router_saysWhatToAskFor() {
    assertThat(router(INDEXER, Undecodable.SKIP).filters())
        .containsExactly(
            new LogFilter(List.of(EncodedLogs.TOKEN), List.of(TRANSFER)),
            new LogFilter(List.of(), List.of(TRANSFER)));
  }

  @Test
  void router_listsAllThatDoesNotFitTheDefinition() {
    assertThatThrownBy(() -> LogRouter.of(INDEXER, 1, Map.of("Pool", List.of(EncodedLogs.TOKEN))))
        .hasMessageContaining("contract is not defined, or listens anywhere: name=Pool")
        .hasMessageContaining("contract has no address: name=Token");
  }

  @Test
  void sources_sayWhichSchemesTheyKnow() {
    SourceRequest request =
        new SourceRequest(
            INDEXER,
            1,
            List.of("gopher://secret@host"),
            0,
            new StopAt.Never(),
            Finality.AT_ONCE,
            Map.of());

    assertThatThrownBy(() -> SourceProviders.source(request))
        .hasMessage("no source reads these endpoints: chain=1 schemes=[gopher] known=[]");
  }

  private static Log transfer(Address contract, int topics, byte[] data) {
    byte[][] all = {
      TRANSFER.bytes(),
      EncodedLogs.word(EncodedLogs.ALICE),
      EncodedLogs.word(EncodedLogs.BOB),
      EncodedLogs.word(1)
    };
    return EncodedLogs.log(contract, java.util.Arrays.copyOf(all, topics), data);
  }
}
