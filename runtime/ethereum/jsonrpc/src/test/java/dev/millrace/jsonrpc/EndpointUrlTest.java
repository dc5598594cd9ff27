package dev.millrace.jsonrpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Addresses as people write them. */
final class EndpointUrlTest {
  @ParameterizedTest
  @CsvSource({
    "http://erigon_node:8545/key, http://erigon_node:8545",
    "https://erigon_node, https://erigon_node:443",
    "ws://stack_node.1:8546, ws://stack_node.1:8546",
    "http://node-1_:, http://node-1_:80",
    "http://[::1]:8545, http://[::1]:8545",
    "http://node.example/key, http://node.example:80",
  })
  @Tag("F100")
  @DisplayName("F100 a host with a name that only container networks have is taken")
  void of_takesTheHost(String address, String shown) {
    assertThat(EndpointUrl.of(address)).hasToString(shown);
  }

  @Test
  @Tag("F100")
  @DisplayName("F100 user, password and key are sent and concealed, whichever name the host has")
  void of_readsTheUserBeforeAnyHost() {
    EndpointUrl odd = EndpointUrl.of("http://me:hush%40h@erigon_node:8545/v2/hushhush");

    assertThat(odd.host()).isEqualTo("erigon_node");
    assertThat(odd.path()).isEqualTo("/v2/hushhush");
    assertThat(odd.headers())
        .isEqualTo(
            EndpointUrl.of("http://me:hush%40h@node:8545/v2/hushhush")
                .headers()
                .replace("Host: node:", "Host: erigon_node:"))
        .contains("Authorization: Basic ");
    RpcCallException trouble =
        RpcCallException.of(RpcCallException.Kind.ERROR, "no hushhush for hush@h of me:hush%40h");
    assertThat(odd.conceal(trouble).text()).doesNotContain("hush").contains("***");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http:///key",
        "http://256.1.1.1:8545",
        "http://127.0.0.1.:8545",
        "http://erigon_node:port",
        "http://erigon_node:65536",
        "http://node:65536",
        "http://a_b@c_d@e_f"
      })
  @Tag("F100")
  @DisplayName("F100 an address without a host that may exist is refused and not repeated")
  void of_refusesWhatNamesNoHost(String address) {
    assertThatThrownBy(() -> EndpointUrl.of(address))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("endpoint names no host: scheme=http");
  }
}
