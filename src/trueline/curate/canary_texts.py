"""Plain prose for the self-test, written for this project: nine paragraphs a language.

No two share a phrase, so that none is a near duplicate of another by itself.
"""

from __future__ import annotations

PARAGRAPHS: dict[str, tuple[str, ...]] = {
    "en": (
        "The bakery by the old bridge opens before the first tram comes past. Two brothers run "
        "it, and they still weigh the flour on scales that belonged to their grandmother. On "
        "Saturdays a queue reaches as far as the post office, because people know that the rye "
        "loaves will be gone by nine. Nobody minds the wait, since neighbours use it to trade "
        "news about the week.",
        "A small observatory stands on the hill above our village. Its telescope was built from "
        "a ship's porthole and a length of drain pipe, yet it shows the rings of Saturn clearly. "
        "Every clear evening in autumn the caretaker lets visitors climb the stairs, turns off "
        "the lamp and asks them to be patient while their eyes grow used to the dark.",
        "Repairing a bicycle takes less strength than most beginners expect. Turn the frame "
        "upside down, loosen the rear wheel, and lift the chain away with a stick so that your "
        "fingers stay clean. After the new tube is in place, pump a little air, check that the "
        "tyre sits evenly on both sides, and only then fill it to the pressure on the label.",
        "When the river rose last spring, the museum moved its whole collection of maps to the "
        "upper floor in a single afternoon. School classes formed a line on the staircase and "
        "passed the flat boxes from hand to hand. The oldest sheet shows a coastline that has "
        "since moved by almost three miles, which still surprises everyone who compares them.",
        "Our choir rehearses in a former cinema, where the seats creak during quiet passages. "
        "The conductor likes the room all the same, for its wooden walls keep the low voices "
        "warm. This winter we are learning songs from four islands, and each singer was asked to "
        "explain one verse to the others before anybody was allowed to sing it aloud.",
        "Honey from the northern valley tastes of heather and is darker than tea. Keepers carry "
        "their hives up the slope in July and bring them home again when the nights turn cold. "
        "One of them keeps a notebook about the weather of the past thirty summers, and students "
        "from the college copy its figures for their work on flowering times.",
        "The night train used to stop here for eleven minutes, long enough to buy soup from the "
        "kiosk on the platform. Today it only slows down, but the kiosk is open again as a "
        "lending library. Travellers may take any book along and leave it at another station, "
        "and a map behind the counter shows how far some of the novels have come.",
        "Gardeners in this street share one ladder, two barrows and a machine that shreds twigs. "
        "A list on the church door tells whose turn it is, and the rule is simply to return "
        "things cleaner than they were. In dry months the same list says who waters the young "
        "trees along the playground, because the town has promised but not yet laid a pipe.",
        "A clock maker from the harbour district has restored the signal tower with parts that "
        "she cut herself. Three of the brass wheels had worn so thin that the hands ran fast on "
        "windy days. She explained to the council that a slower pendulum would help more than "
        "new paint, and after some debate they gave her both the money and the key.",
    ),
    "zh": (
        "桥头那家面包店总在头班电车经过之前开门。店主是两兄弟，称面粉用的还是祖母留下的旧秤。每到星期六，"
        "队伍能一直排到邮局门口，因为大家都知道黑麦面包九点以前就会卖完。没有人抱怨等得太久，街坊们正好借这个"
        "机会聊聊一周里发生的新鲜事，顺便给对方捎上一袋刚出炉的小圆饼。",
        "村子后面的山坡上有一座小小的天文台，望远镜是用旧船上的舷窗和一截排水管改装的，却能把土星的光环看得"
        "清清楚楚。秋天只要夜空晴朗，看门的老人就会领着客人爬上楼梯，关掉灯，请他们耐心等一会儿，让眼睛慢慢"
        "适应黑暗，然后再轮流凑到目镜跟前去。",
        "修自行车并不像初学者想的那样费力气。先把车架倒过来放稳，松开后轮，用小棍把链条挑到一旁，这样手指就"
        "不会沾上油。换好新内胎以后先打一点气，检查外胎两侧是不是都坐正了，确认没有夹住，再按照胎壁上标出的"
        "气压把它打足，最后转一转轮子听听有没有杂音。",
        "去年春天河水上涨的时候，博物馆用一个下午就把全部地图搬到了楼上。几个班的学生在楼梯上排成一列，把扁平"
        "的盒子一个接一个往上传。最老的那张图画着一段海岸，如今它已经向外移动了好几里，每个拿新图来比对的人"
        "都会感到惊讶，忍不住用手指去量一量。",
        "我们合唱团排练的地方以前是电影院，唱到轻柔的段落时，座椅会吱呀作响。指挥倒是很喜欢这间屋子，因为木头"
        "墙壁能让低音显得温暖。今年冬天我们在学四座海岛的民歌，每位团员都要先把其中一段歌词的意思讲给别人听，"
        "讲明白了才可以开口唱。",
        "北边山谷出产的蜂蜜带着石楠花的香味，颜色比茶还要深。养蜂人七月里把蜂箱搬上山坡，等到夜里转凉再搬回家。"
        "其中一位有个本子，记着过去三十个夏天的天气，农学院的学生常来抄里面的数字，拿去研究花期一年比一年提前"
        "了多少天，又和雨水有什么关系。",
        "从前夜班火车在这里停十一分钟，足够到站台上的小亭子买一碗热汤。现在列车只是放慢速度，不过小亭子又开张了，"
        "变成一间借书处。旅客可以随意带走一本书，到别的车站再还，柜台后面挂着一张图，标出有些小说已经走了多远，"
        "最远的一本到过海边。",
        "这条街上爱种花的人家合用一架梯子、两辆手推车和一台粉碎树枝的机器。教室门上贴着一张表，写明轮到谁用，"
        "规矩只有一条：还回来的时候要比借走时更干净。天旱的月份，这张表还会安排谁给操场边的小树浇水，因为镇上"
        "答应铺的水管到现在还没有动工。",
        "码头区有位女钟表匠，用自己切削的零件修好了信号塔上的大钟。三个黄铜齿轮磨得太薄，刮风的日子指针就会走快。"
        "她向议事会说明，换一根摆动更慢的钟摆比重新刷漆更有用，大家争论了一阵，终于把经费和塔楼的钥匙一起交到了"
        "她手里，还请她带两个徒弟。",
    ),
}  # fmt: skip
#: Neither Chinese nor English.
OTHER = (
    "Le conseil a approuvé hier soir le nouveau plan de circulation du quartier. Les enfants "
    "jouaient dans le jardin pendant que leur mère préparait le dîner, et il faudra encore "
    "attendre plusieurs mois avant la réouverture du petit musée. La pluie a cessé vers midi, "
    "puis le soleil est revenu sur les toits de la vieille ville."
)
