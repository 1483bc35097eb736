/** Everything the services share about Kafka: settings of clients, names and shapes of topics, transactions. */
@NullMarked
package dev.millrace.kafka;

import org.jspecify.annotations.NullMarked;
