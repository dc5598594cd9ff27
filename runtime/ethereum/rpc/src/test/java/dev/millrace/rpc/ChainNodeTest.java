package dev.millrace.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.evm.LogFilter;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.MillraceException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A node over real sockets, and its reactions to faults on them. */
@Timeout(60)
final class ChainNodeTest {
  private static final FakeChain CHAIN = new FakeChain(5, 1000);
  static final LogFilter FILTER =
      new LogFilter(List.of(Address.of(FakeChain.CONTRACT)), List.of(Bytes32.of(FakeChain.TOPIC)));

  @Test
  void logs_ofAWellBehavedNodeComeWhole() throws Exception {
    try (FakeNode fake = new FakeNode(CHAIN::answer);
        ChainNode node = open(5, fake)) {
      assertThat(read(node, 10, 300)).isEqualTo(expected(10, 300));
    }
  }

  @Test
  void blocks_comeInTheOrderAsked() throws Exception {
    try (FakeNode fake = new FakeNode(CHAIN::answer);
        ChainNode node = open(5, fake)) {
      List<Long> numbers = new ArrayList<>();
      for (long number = 200; number > 0; number--) {
        numbers.add(number);
      }
      assertThat(node.blocks(numbers))
          .extracting(block -> block.header().number())
          .isEqualTo(numbers);
    }
  }

  @Test
  void open_refusesAWrongChain() throws Exception {
    try (FakeNode fake = new FakeNode(CHAIN::answer);
        ChainNode node = open(1, fake)) {
      assertThatThrownBy(() -> node.block(7))
          .isInstanceOf(MillraceException.class)
          .hasMessageContaining("serves another chain: chain=5 asked=1")
          .hasMessageNotContaining("key");
    }
  }

  /** Fault of every other reply. */
  enum Trouble {
    STATUS_429 {
      @Override
      FakeNode.Answer spoil(FakeNode.Answer good, FakeChain.Asked call) {
        return FakeNode.Answer.status(429, "Retry-After: 0\r\n", "slow down");
      }
    },
    CODE_32005 {
      @Override
      FakeNode.Answer spoil(FakeNode.Answer good, FakeChain.Asked call) {
        return FakeNode.Answer.of(call.error(-32005, "too much"));
      }
    },
    HALF_A_BODY {
      @Override
      FakeNode.Answer spoil(FakeNode.Answer good, FakeChain.Asked call) {
        return good.cut(good.body().length() / 2);
      }
    },
    TRUNCATED_JSON {
      @Override
      FakeNode.Answer spoil(FakeNode.Answer good, FakeChain.Asked call) {
        return FakeNode.Answer.of(good.body().substring(0, good.body().length() - 5));
      }
    },
    HTML {
      @Override
      FakeNode.Answer spoil(FakeNode.Answer good, FakeChain.Asked call) {
        return FakeNode.Answer.of("<html><body>Bad gateway</body></html>");
      }
    },
    ERROR_OBJECT {
      @Override
      FakeNode.Answer spoil(FakeNode.Answer good, FakeChain.Asked call) {
        return FakeNode.Answer.of(call.error(-32000, "the node feels unwell"));
      }
    },
    STATUS_502 {
      @Override
      FakeNode.Answer spoil(FakeNode.Answer good, FakeChain.Asked call) {
        return FakeNode.Answer.status(502, "", "bad gateway");
      }
    },
    EMPTY {
      @Override
      FakeNode.Answer spoil(FakeNode.Answer good, FakeChain.Asked call) {
        return FakeNode.Answer.of("");
      }
    };

    abstract FakeNode.Answer spoil(FakeNode.Answer good, FakeChain.Asked call);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("F2")
  @Tag("F11")
  @DisplayName("F2 F11 troubles of a reply are absorbed, and nothing comes twice or not at all")
  void logs_surviveEveryTrouble(Trouble trouble) throws Exception {
    AtomicInteger count = new AtomicInteger();
    try (FakeNode fake =
            new FakeNode(body -> {
              FakeNode.Answer good = CHAIN.answer(body);
              return count.getAndIncrement() % 2 == 0
                  ? trouble.spoil(good, FakeChain.calls(body).getFirst())
                  : good;
            });
        ChainNode node = open(5, fake)) {
      assertThat(read(node, 10, 40)).isEqualTo(expected(10, 40));
      assertThat(node.blocks(List.of(3L, 2L, 9L)))
          .extracting(block -> block.header().number())
          .containsExactly(3L, 2L, 9L);
    }
  }

  @Test
  @Tag("F11")
  @DisplayName("F11 replies of a batch that come in another order are put in order")
  void blocks_ofABatchInAnyOrderComeInTheOrderAsked() throws Exception {
    List<Long> numbers = LongStream.rangeClosed(1, 120).boxed().toList();
    try (FakeNode fake =
            new FakeNode(body -> {
              List<String> replies = FakeChain.calls(body).stream().map(CHAIN::reply).toList();
              return body.startsWith("[")
                  ? FakeNode.Answer.of("[" + String.join(",", replies.reversed()) + "]")
                  : CHAIN.answer(body);
            });
        ChainNode node = open(5, fake)) {
      assertThat(node.blocks(numbers))
          .extracting(block -> block.header().number())
          .isEqualTo(numbers);
      assertThat(fake.asked()).anyMatch(body -> body.startsWith("["));
    }
  }

  @Test
  @Tag("F12")
  @DisplayName("F12 most requests go to the fast endpoint, and the slow one is still probed")
  void requests_goToTheFastEndpoint() throws Exception {
    String asked = "eth_getBlockByNumber";
    try (FakeNode fast = new FakeNode(body -> CHAIN.answer(body).after(3));
        FakeNode slow = new FakeNode(body -> CHAIN.answer(body).after(30));
        ChainNode node = open(5, slow, fast)) {
      long begun = System.nanoTime();
      long number = 0;
      while (System.nanoTime() - begun < Duration.ofSeconds(1).toNanos()) {
        node.block(++number);
      }
      long learning = slow.asked(asked);
      while (System.nanoTime() - begun < Duration.ofSeconds(8).toNanos()) {
        node.block(++number % CHAIN.head());
      }

      assertThat(fast.asked(asked)).isGreaterThan(10 * slow.asked(asked));
      assertThat(slow.asked(asked)).as("probes").isGreaterThan(learning);
    }
  }

  static ChainNode open(long chain, FakeNode... fakes) {
    List<String> urls = new ArrayList<>();
    for (FakeNode fake : fakes) {
      urls.add(fake.url());
    }
    return ChainNodeFactory.open(
        urls,
        chain,
        RpcSettings.defaults().withPoll(Duration.ofMillis(50)).withTimeout(Duration.ofSeconds(5)));
  }

  /** Reads the logs of a range as a reader of a chain does, and returns their values. */
  static List<String> read(ChainNode node, long from, long to)
      throws InterruptedException, IOException {
    List<String> read = new ArrayList<>();
    for (long next = from; next <= to; ) {
      LogPage page = node.logs(new LogQuery(FILTER, next, to));
      assertThat(page.from()).isEqualTo(next);
      for (int i = 0; i < page.logs().size(); i++) {
        read.add(page.logs().blockNumber(i) + "-" + page.logs().logIndex(i));
      }
      next = page.reached() + 1;
    }
    return read;
  }

  static List<String> expected(long from, long to) {
    List<String> expected = new ArrayList<>();
    for (long block = from; block <= to; block++) {
      for (int i = 0; i < FakeChain.LOGS; i++) {
        expected.add(block + "-" + i);
      }
    }
    return expected;
  }
}
