"""Whether the machine runs: signs of life, queue, breakers, latencies; and which database it runs on."""
