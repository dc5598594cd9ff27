package dev.millrace.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.devchain.DevNode;
import dev.millrace.devchain.Troubles;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.Finality;
import dev.millrace.evm.Reading;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.Until;
import dev.millrace.pipeline.Batch;
import dev.millrace.pipeline.Source;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two endpoints, of which one stands still on a branch that a reorg has replaced. */
@Timeout(120)
final class FrozenEndpointTest {
  private static final DevChainSettings SETTINGS =
      DevChainSettings.USUAL.withBlocks(300).withLogs(5).withNames(1).withPools(2, 1);
  private static final EvmIndexer INDEXER =
      Evm.indexer("frozen")
          .entities(Reader.Nothing.class)
          .contract("Token", token -> token.on(Reader.Transferred.class, (_, _) -> {}))
          .build();

  private final List<Source.Place> held = new ArrayList<>();

  @ParameterizedTest
  @CsvSource({"1,20", "20,1"})
  @Tag("E47")
  @DisplayName("E47 the faster endpoint stands still on a replaced branch: the other is followed")
  void frozenEndpoint_holdsNoLane(long frozenMillis, long wellMillis) throws Exception {
    DevChain well = new DevChain(SETTINGS).finality(40);
    DevChain frozen = new DevChain(SETTINGS).finality(40);
    try (DevNode first = node(well, wellMillis);
        DevNode second = node(frozen, frozenMillis)) {
      Source source = new ChainProvider().source(request(first, second));
      Source.Feed feed = source.open(Source.Standing.START);
      while (tip() < 299) {
        take(feed.next(1_000));
      }
      well.fork(3, 4);
      well.advance(8);
      while (tip() < well.head() || !held.getLast().hash().equals(well.block(tip()).hash())) {
        Source.@Nullable Step step = feed.next(1_000);
        if (step instanceof Source.Rewind(Source.@Nullable Place to)) {
          Source.Place shared = Objects.requireNonNull(to);
          held.removeIf(place -> place.block() > shared.block());
          feed.close();
          feed = source.open(new Source.Standing(shared, List.copyOf(held), List.of(), true));
        } else {
          take(step);
        }
      }
      feed.close();
    }
    assertThat(tip()).isEqualTo(well.head());
  }

  private long tip() {
    return held.isEmpty() ? -1 : held.getLast().block();
  }

  private void take(Source.@Nullable Step step) {
    Batch batch = (Batch) Objects.requireNonNull(step);
    if (batch.blocks().isEmpty()) {
      held.clear();
      held.add(new Source.Place(batch.last().number(), batch.last().hash()));
    }
    batch.blocks().forEach(block -> held.add(new Source.Place(block.number(), block.hash())));
  }

  private static DevNode node(DevChain chain, long millis) {
    return DevNode.open(chain, Troubles.none().latency(Duration.ofMillis(millis)), 0);
  }

  private static SourceRequest request(DevNode first, DevNode second) {
    return new SourceRequest(
        INDEXER,
        DevChain.ID,
        List.of(first.url(), second.url()),
        0,
        new Until.Never(),
        new Finality(Optional.empty(), OptionalLong.of(40)),
        Map.of("Token", List.of(DevChain.TOKEN)),
        Reading.USUAL.withPoll(Duration.ofMillis(100)));
  }
}
