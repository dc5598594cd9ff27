package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What settings tell of themselves. */
final class DatabaseSettingsTest {
  @Test
  @DisplayName("a password in a url is in no message")
  void url_isToldWithoutItsSecrets() {
    assertThatThrownBy(() -> DatabaseSettings.of("postgres://me:s3cr?t@host/db", "me", null))
        .hasMessageContaining("url=postgres:")
        .hasMessageNotContaining("s3cr");
    assertThat(DatabaseSettings.of("jdbc:postgresql://host/db?password=s3cret", "me", "s3cret"))
        .asString()
        .contains("url=jdbc:postgresql://host/db user=me")
        .doesNotContain("s3cret");
  }
}
