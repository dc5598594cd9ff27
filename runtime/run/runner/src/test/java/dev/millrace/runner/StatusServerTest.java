package dev.millrace.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import org.junit.jupiter.api.Test;

/** This module has no HTTP server on its class path. */
final class StatusServerTest {
  private static IndexerStatus never() {
    throw new AssertionError("status is not asked for");
  }

  @Test
  void open_withoutAServerOnTheClassPathNamesTheArtifact() {
    assertThatThrownBy(() -> StatusServer.open("127.0.0.1", 8080, StatusServerTest::never))
        .isInstanceOfSatisfying(
            MillraceException.class,
            failed -> assertThat(failed.remedy()).isEqualTo(Remedy.FIX_SETUP))
        .hasMessage(
            "no HTTP server is on the class path, add millrace-http or remove the key:"
                + " http.port=8080");
  }
}
