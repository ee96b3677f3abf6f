"""Does a classifier keep its answer when words or characters change? Chinese and English."""
